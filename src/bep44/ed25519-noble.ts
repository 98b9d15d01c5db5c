import { Point } from '@noble/ed25519';
import { concatOctets, equalOctets } from '../octets/octets.ts';
import { hexOf, octetsFromHex } from '../octets/text.ts';
import { KEY_LENGTH, SIGNATURE_LENGTH, type SignatureCheck, type Signer } from './ed25519-rules.ts';
import { sha512 } from './sha512.ts';

/*
 * In the place of `ed25519.ts` in browsers, for `tools/browser-twins.ts` puts it there. WebCrypto would not do: it exists in
 * secure contexts alone, which http://pi.lan is not, and what it does is done in promises. The arithmetic of the curve is that of
 * noble, in constant time where a secret is in it as far as JavaScript can be.
 */

/**
 * The check for a key of any length, with the verdicts of the one in `ed25519.ts`, which a test compares: S < L, and an R whose
 * octets equal the encoding of SB - kA, without the cofactor. A check takes some milliseconds.
 */
export function signatureCheck(key: Uint8Array): SignatureCheck {
  const point = key.length === KEY_LENGTH ? pointOf(key) : undefined;
  if (point === undefined || point.isSmallOrder()) return () => false;
  const ownKey = new Uint8Array(key);
  return (message, signature) => {
    if (signature.length !== SIGNATURE_LENGTH) return false;
    const r = signature.subarray(0, KEY_LENGTH);
    const s = numberOf(signature.subarray(KEY_LENGTH));
    if (s >= ORDER) return false;
    const k = numberOf(sha512(concatOctets([r, ownKey, message]))) % ORDER;
    const expected = Point.BASE.multiply(s, false).subtract(point.multiply(k, false));
    return !expected.isSmallOrder() && equalOctets(expected.toBytes(), r);
  };
}

/** The signer of a seed of 32 octets (RFC 8032 §5.1.5 and §5.1.6). */
export function signerOf(seed: Uint8Array): Signer {
  const hash = sha512(seed);
  const prefix = hash.slice(KEY_LENGTH);
  // "The lowest three bits of the first octet are cleared, the highest bit of the last octet is cleared, and the second highest
  // bit of the last octet is set."
  const head = numberOf(hash.subarray(0, KEY_LENGTH)) & (2n ** 254n - 8n);
  const secret = (head | (2n ** 254n)) % ORDER;
  const publicKey = Point.BASE.multiply(secret).toBytes();
  return {
    publicKey,
    sign(message) {
      const nonce = numberOf(sha512(concatOctets([prefix, message]))) % ORDER;
      const r = Point.BASE.multiply(nonce).toBytes();
      const k = numberOf(sha512(concatOctets([r, publicKey, message]))) % ORDER;
      const s = (nonce + k * secret) % ORDER;
      return concatOctets([r, octetsFromHex(s.toString(16).padStart(2 * KEY_LENGTH, '0')).reverse()]);
    },
  };
}

/** RFC 8032 §5.1: the order of the base point. */
const ORDER = Point.CURVE().n;

/** The point of 32 octets. As OpenSSL decodes them, y may be one that is not reduced modulo p. */
function pointOf(key: Uint8Array): Point | undefined {
  try {
    return Point.fromBytes(key, true);
  } catch {
    // The package has no error class; for 32 octets any error means that they are not a point.
    return undefined;
  }
}

/** RFC 8032 §5.1.2: numbers are written "in little-endian form". */
function numberOf(octets: Uint8Array): bigint {
  return BigInt(`0x${hexOf(Uint8Array.from(octets).reverse())}`);
}
