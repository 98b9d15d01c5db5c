import { createPublicKey, type KeyObject, verify } from 'node:crypto';

/** DER of SubjectPublicKeyInfo for id-Ed25519 (RFC 8410 §4) up to the 32 bytes of the key. */
const SPKI_PREFIX = Buffer.from('302a300506032b6570032100', 'hex');
const KEY_LENGTH = 32;
const SIGNATURE_LENGTH = 64;

/** Checks signatures of one key. Total: wrong lengths and broken keys give false, never an exception. */
export interface SignatureCheck {
  /** Whether `signature` (64 bytes) of `message` holds. */
  holds(signature: Uint8Array, message: Uint8Array): boolean;
}

/**
 * The check for `key` (32 bytes). It is the screen that OpenSSL gives, 0.1 ms a signature: it takes keys that are no
 * point of the curve, so the winner of a lookup is to be verified once more by RFC 8032. Keys of small order never hold.
 */
export function signatureCheckFor(key: Uint8Array): SignatureCheck {
  const publicKey = importKey(key);
  return {
    holds(signature, message) {
      if (publicKey === undefined || signature.length !== SIGNATURE_LENGTH) return false;
      return verify(null, message, publicKey, signature);
    },
  };
}

/**
 * Whether `key` (32 bytes) is a point of order 1, 2, 4 or 8 in any encoding. Anybody can sign for such a key, so an item
 * under it proves nothing. The list is that of all seven y-coordinates, the sign bit left aside.
 */
export function isSmallOrderKey(key: Uint8Array): boolean {
  const y = Buffer.from(key);
  y[KEY_LENGTH - 1] = (y[KEY_LENGTH - 1] ?? 0) & 0x7f;
  return SMALL_ORDER_Y.has(y.toString('hex'));
}

const SMALL_ORDER_Y: ReadonlySet<string> = new Set([
  '0000000000000000000000000000000000000000000000000000000000000000', // 0, order 4
  '0100000000000000000000000000000000000000000000000000000000000000', // 1, order 1
  '26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05', // order 8
  'c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a', // order 8
  'ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f', // p - 1, order 2
  'edffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f', // p, that is 0 again
  'eeffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f', // p + 1, that is 1 again
]);

function importKey(key: Uint8Array): KeyObject | undefined {
  if (key.length !== KEY_LENGTH || isSmallOrderKey(key)) return undefined;
  return createPublicKey({ key: Buffer.concat([SPKI_PREFIX, key]), format: 'der', type: 'spki' });
}
