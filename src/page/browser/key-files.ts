import { KeyPair } from '../../library/keys.ts';
import { octetsFromHex } from '../../octets/text.ts';
import { type DecryptionFault, decryptSeed, encryptSeed } from '../../pkarr/encrypted-seed.ts';

/** A key file cannot be opened. The message is a sentence, and never contains the secret. */
export class KeyFileProblem extends Error {}

/** Octets of a key file: 64 digits, or 280 of an encrypted key with some text around it. */
const MAX_LENGTH = 4096;

/** The key in a file, or in 64 hexadecimal digits that somebody pasted. @throws KeyFileProblem */
export async function openKeyFile(
  file: File | undefined,
  pasted: string,
  passphrase: string,
): Promise<KeyPair> {
  if (file === undefined && pasted === '')
    throw new KeyFileProblem('Choose a key file, or paste the digits.');
  if (file !== undefined && file.size > MAX_LENGTH)
    throw new KeyFileProblem(`${file.name} is not a key file.`);
  const text = (file === undefined ? pasted : await file.text()).trim().replace(/^0x/i, '');
  if (/^[0-9a-f]{64}$/i.test(text)) return KeyPair.fromSeed(octetsFromHex(text));
  const opened = await decryptSeed(text, passphrase);
  if (opened.ok) return KeyPair.fromSeed(opened.seed);
  throw new KeyFileProblem(sentences[opened.fault]);
}

const sentences: Readonly<Record<DecryptionFault, string>> = {
  'not-encrypted': 'This is not a key: 64 hexadecimal digits are expected, or a file that was saved here.',
  'other-form': 'This key is encrypted in another way. Decrypt it first: openssl pkey -in FILE.',
  'wrong-passphrase': 'The passphrase does not open this file.',
};

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
