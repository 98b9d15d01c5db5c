import { PKCS8_PREFIX } from '../bep44/ed25519-rules.ts';
import { concatOctets } from '../octets/octets.ts';
import { base64Of } from '../octets/text.ts';
import type { KeyPair } from './key-pair.ts';

/** The secret key as PKCS #8 in PEM (RFC 8410 §7, RFC 7468 §10). Only for the file of a web server. */
export function secretPem(keyPair: KeyPair): string {
  const text = base64Of(concatOctets([PKCS8_PREFIX, keyPair.exportSeed()]));
  return `-----BEGIN PRIVATE KEY-----\n${text}\n-----END PRIVATE KEY-----\n`;
}
