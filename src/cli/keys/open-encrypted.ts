import { createPrivateKey, type KeyObject } from 'node:crypto';
import { decryptSeed, MAX_ROUNDS } from '../../pkarr/encrypted-seed.ts';
import { encryptionRounds } from '../../pkarr/secret/encryption-rounds.ts';
import { findSecret } from '../../pkarr/secret/find-secret.ts';
import type { FoundSecret } from '../../pkarr/secret/found-secret.ts';

/**
 * Opens PKCS #8 in PEM that a passphrase encrypts, in our form, which the page has too, and in those that the library of the runtime
 * knows: OpenSSL with its defaults on both runtimes, scrypt on Node.
 */
export async function openEncrypted(text: string, passphrase: string): Promise<FoundSecret> {
  const opened = await decryptSeed(text, passphrase);
  if (opened.ok) return { kind: 'seed', seed: opened.seed };
  if (opened.fault === 'wrong-passphrase') return wrongPassphrase;
  const rounds = encryptionRounds(text);
  if (rounds === undefined || rounds > MAX_ROUNDS) return otherForm;
  let key: KeyObject;
  try {
    key = createPrivateKey({ key: text, format: 'pem', passphrase });
  } catch (error) {
    const { code = '', message } = error as NodeJS.ErrnoException;
    // One wrong key in 256 gives valid padding, and then the content is what is not valid.
    return /unsupported|unknown/i.test(`${code} ${message}`) ? otherForm : wrongPassphrase;
  }
  return findSecret(key.export({ format: 'der', type: 'pkcs8' }));
}

const wrongPassphrase: FoundSecret = { kind: 'refused', why: 'The passphrase does not open it.' };

const otherForm: FoundSecret = {
  kind: 'refused',
  why: 'It is encrypted in a way that pkarrd does not know. Have OpenSSL decrypt it: openssl pkey -in FILE | pkarrd keygen --from -',
};
