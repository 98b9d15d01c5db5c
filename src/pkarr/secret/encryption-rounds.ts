import { DerTag, elementsOf, readSequence } from './der.ts';
import { ENCRYPTED_LABEL, pemContent } from './pem.ts';

/** Levels of sequences above the number: three with PBES2 (RFC 8018 Appendix A.4), one with PBES1. */
const MAX_DEPTH = 4;

/**
 * How often the passphrase is hashed to open PKCS #8 in PEM, as it says itself (RFC 8018 Appendix A.2), or the cost N of scrypt
 * (RFC 7914 §7): the first number of its parameters. Undefined if there is none: it is damaged.
 */
export function encryptionRounds(text: string): number | undefined {
  // EncryptedPrivateKeyInfo: algorithm, octets (RFC 5958 §3).
  const [algorithm] = readSequence(pemContent(text, ENCRYPTED_LABEL)) ?? [];
  return algorithm?.tag === DerTag.SEQUENCE ? firstInteger(algorithm.content, MAX_DEPTH) : undefined;
}

function firstInteger(content: Uint8Array, depth: number): number | undefined {
  for (const element of elementsOf(content) ?? []) {
    if (element.tag === DerTag.INTEGER) return element.content.reduce((sum, octet) => sum * 256 + octet, 0);
    if (element.tag !== DerTag.SEQUENCE || depth === 0) continue;
    const found = firstInteger(element.content, depth - 1);
    if (found !== undefined) return found;
  }
  return undefined;
}
