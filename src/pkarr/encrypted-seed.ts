import { KEY_LENGTH, PKCS8_PREFIX } from '../bep44/ed25519-rules.ts';
import { concatOctets, equalOctets } from '../octets/octets.ts';
import { base64Of, octetsFromHex } from '../octets/text.ts';
import { ENCRYPTED_LABEL, pemContent } from './secret/pem.ts';

/*
 * A secret key that is encrypted with a passphrase, as a file that OpenSSL and others read too: PKCS #8 with PBES2 (RFC 8018
 * §6.2), the key from the passphrase by PBKDF2 with HMAC-SHA-256, and AES-256 in CBC mode, in PEM (RFC 7468 §11). All its fields
 * have one length, so that it is 167 octets of which four parts differ. WebCrypto does the work, in browsers as on servers.
 */

/** Why a file does not give a seed. `other-form`: it is encrypted in another way than here. */
export type DecryptionFault = 'not-encrypted' | 'other-form' | 'wrong-passphrase';

/** What decryption gave: 32 octets, or why there are none. */
export type DecryptedSeed =
  | { readonly ok: true; readonly seed: Uint8Array }
  | { readonly ok: false; readonly fault: DecryptionFault };

/** Rounds of PBKDF2: what OWASP recommends for HMAC-SHA-256 in 2023. */
const ROUNDS = 600_000;
/** Rounds of a file that is read, at most: some seconds. */
export const MAX_ROUNDS = 10_000_000;

const SALT_LENGTH = 16;
const IV_LENGTH = 16;
/** The 48 octets of the key in PKCS #8, padded to a multiple of 16 by at least one (RFC 8018 §B.2.5). */
const CIPHERTEXT_LENGTH = 64;

/** The constant octets around salt, rounds, IV and ciphertext (RFC 8018 Appendix A). */
const parts = [
  // EncryptedPrivateKeyInfo { PBES2 { PBKDF2 { salt
  '3081a4' + '3060' + '06092a864886f70d01050d' + '3053' + '3032' + '06092a864886f70d01050c' + '3025' + '0410',
  // rounds, three octets
  '0203',
  // hmacWithSHA256 }, aes256-CBC, IV
  '300c06082a864886f70d02090500' + '301d' + '060960864801650304012a' + '0410',
  // }, ciphertext }
  '0440',
].map(octetsFromHex);

/** Whether the text of a file is that of an encrypted key, of whatever form. */
export function isEncryptedKey(text: string): boolean {
  return text.includes(`-----BEGIN ${ENCRYPTED_LABEL}-----`);
}

/** The seed of 32 octets as PEM, encrypted; the passphrase is taken as UTF-8. */
export async function encryptSeed(seed: Uint8Array, passphrase: string): Promise<string> {
  const salt = crypto.getRandomValues(new Uint8Array(SALT_LENGTH));
  const iv = crypto.getRandomValues(new Uint8Array(IV_LENGTH));
  const key = await keyOf(passphrase, salt, ROUNDS);
  const plain = concatOctets([PKCS8_PREFIX, seed]);
  const ciphertext = new Uint8Array(await crypto.subtle.encrypt({ name: 'AES-CBC', iv }, key, plain));
  plain.fill(0);
  const rounds = Uint8Array.of(ROUNDS >>> 16, ROUNDS >>> 8, ROUNDS);
  const fields = [salt, rounds, iv, ciphertext];
  const der = concatOctets(parts.flatMap((part, index) => [part, fields[index] ?? new Uint8Array(0)]));
  const lines = base64Of(der).match(/.{1,64}/g) ?? [];
  return `-----BEGIN ${ENCRYPTED_LABEL}-----\n${lines.join('\n')}\n-----END ${ENCRYPTED_LABEL}-----\n`;
}

/** The seed in such a file. Never throws, whatever the text is. */
export async function decryptSeed(text: string, passphrase: string): Promise<DecryptedSeed> {
  if (!isEncryptedKey(text)) return { ok: false, fault: 'not-encrypted' };
  const fields = fieldsOf(pemContent(text, ENCRYPTED_LABEL));
  if (fields === undefined) return { ok: false, fault: 'other-form' };
  const { salt, rounds, iv, ciphertext } = fields;
  const key = await keyOf(passphrase, salt, rounds);
  try {
    const plain = new Uint8Array(await crypto.subtle.decrypt({ name: 'AES-CBC', iv }, key, ciphertext));
    const isKey =
      plain.length === PKCS8_PREFIX.length + KEY_LENGTH &&
      equalOctets(plain.subarray(0, PKCS8_PREFIX.length), PKCS8_PREFIX);
    if (isKey) return { ok: true, seed: plain.slice(PKCS8_PREFIX.length) };
  } catch {
    // WebCrypto says OperationError for padding that is not right, which a wrong key makes of nearly all.
  }
  return { ok: false, fault: 'wrong-passphrase' };
}

/** The parts of the file that differ; undefined if the rest is not as it is written here. */
function fieldsOf(der: Uint8Array) {
  const lengths = [SALT_LENGTH, 3, IV_LENGTH, CIPHERTEXT_LENGTH];
  let at = 0;
  const fields: Uint8Array<ArrayBuffer>[] = [];
  for (const [index, part] of parts.entries()) {
    if (!equalOctets(der.subarray(at, at + part.length), part)) return undefined;
    at += part.length;
    const length = lengths[index] ?? 0;
    fields.push(new Uint8Array(der.subarray(at, at + length)));
    at += length;
  }
  const [salt, number, iv, ciphertext] = fields;
  if (at !== der.length || salt === undefined || number === undefined) return undefined;
  const rounds = number.reduce((sum, octet) => sum * 256 + octet, 0);
  if (iv === undefined || ciphertext === undefined || rounds < 1 || rounds > MAX_ROUNDS) return undefined;
  return { salt, rounds, iv, ciphertext };
}

async function keyOf(passphrase: string, salt: Uint8Array<ArrayBuffer>, rounds: number) {
  const octets = new TextEncoder().encode(passphrase);
  const base = await crypto.subtle.importKey('raw', octets, 'PBKDF2', false, ['deriveKey']);
  const derivation = { name: 'PBKDF2', hash: 'SHA-256', salt, iterations: rounds };
  const use = { name: 'AES-CBC', length: 256 };
  return await crypto.subtle.deriveKey(derivation, base, use, false, ['encrypt', 'decrypt']);
}
