import { KeyPair } from '../../library/keys.ts';
import { decryptSeed, encryptSeed } from '../../pkarr/encrypted-seed.ts';
import { findSecret, MAX_SECRET_FILE } from '../../pkarr/secret/find-secret.ts';

/** A key file cannot be opened. The message is a sentence, and never contains the secret. */
export class KeyFileProblem extends Error {}

/** The key in a file, or in digits that somebody pasted. @throws KeyFileProblem */
export async function openKeyFile(
  file: File | undefined,
  pasted: string,
  passphrase: string,
): Promise<KeyPair> {
  if (file === undefined && pasted === '')
    throw new KeyFileProblem('Choose a key file, or paste the digits.');
  if (file !== undefined && file.size > MAX_SECRET_FILE)
    throw new KeyFileProblem(`${file.name} is not a key file.`);
  const octets = file === undefined ? new TextEncoder().encode(pasted) : await file.arrayBuffer();
  const found = findSecret(new Uint8Array(octets));
  switch (found.kind) {
    case 'seed':
      return KeyPair.fromSeed(found.seed);
    case 'encrypted':
      return await decrypt(found.text, passphrase);
    case 'refused':
      throw new KeyFileProblem(found.why);
    case 'unknown':
      throw new KeyFileProblem(
        'This is not a key: 64 hexadecimal digits are expected, an Ed25519 key of OpenSSL or OpenSSH, or a file that was saved here.',
      );
    default:
      throw new KeyFileProblem(
        'The page does not open this. Make a key file of it first: pkarrd keygen --from FILE.',
      );
  }
}

async function decrypt(text: string, passphrase: string): Promise<KeyPair> {
  const opened = await decryptSeed(text, passphrase);
  if (opened.ok) return KeyPair.fromSeed(opened.seed);
  throw new KeyFileProblem(
    opened.fault === 'wrong-passphrase'
      ? 'The passphrase does not open this file.'
      : 'This key is encrypted in another way. Decrypt it first: openssl pkey -in FILE.',
  );
}

/** Has the browser save the key, encrypted, as `KEY.pem`. */
export async function saveKeyFile(keyPair: KeyPair, passphrase: string): Promise<void> {
  const { text } = keyPair.publicKey;
  const pem = await encryptSeed(keyPair.exportSeed(), passphrase);
  const url = URL.createObjectURL(
    new Blob([`Public key: ${text}\n${pem}`], { type: 'application/x-pem-file' }),
  );
  const link = document.createElement('a');
  link.href = url;
  link.download = `${text}.pem`;
  link.click();
  URL.revokeObjectURL(url);
}
