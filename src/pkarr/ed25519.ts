import { createHash, createPublicKey, verify as nodeVerify } from 'node:crypto';
import { hashes, Point, verify as strictVerify } from '@noble/ed25519';

/** Octets of an Ed25519 public key and of a seed (RFC 8032 §5.1.5). */
export const KEY_LENGTH = 32;

/** Octets of an Ed25519 signature (RFC 8032 §5.1.6). */
export const SIGNATURE_LENGTH = 64;

/** RFC 8410 §4: what stands before the 32 octets of a key in a SubjectPublicKeyInfo. */
const SPKI_PREFIX = Uint8Array.from([0x30, 0x2a, 0x30, 0x05, 0x06, 0x03, 0x2b, 0x65, 0x70, 0x03, 0x21, 0x00]);

// The package's synchronous functions work only with a hash that the caller gives.
hashes.sha512 = (message) => Uint8Array.from(createHash('sha512').update(message).digest());

/** What is wrong with 32 octets that are to be a public key: no point of the curve, or one of its eight of small order. */
export type PointFault = 'not-on-curve' | 'small-order';

/**
 * The fault of a public key of 32 octets, or undefined when it has none. It takes about 0.12 ms.
 * A small-order key has signatures that hold for any message without a secret.
 */
export function pointFault(key: Uint8Array): PointFault | undefined {
  let point: Point;
  try {
    // RFC 8032 §5.1.3: "If the resulting value is >= p, decoding fails" (zip215 = false).
    point = Point.fromBytes(key, false);
  } catch {
    // The package has no error of its own: for 32 octets every throw means that they are no point.
    return 'not-on-curve';
  }
  return point.isSmallOrder() ? 'small-order' : undefined;
}

/**
 * True when `signature` is the signature of `message` by `key` under the strict rules of RFC 8032 §5.1.7 and not
 * ZIP 215's. `key` must be without a `pointFault`. Any lengths and contents are allowed for the other two.
 *
 * Node's own check, which takes 0.12 ms against 1.5 to 2.7, refuses nearly everything that is wrong; what it lets
 * pass must also pass the strict one, because it takes keys that are no points.
 */
export function verifySignature(key: Uint8Array, message: Uint8Array, signature: Uint8Array): boolean {
  if (signature.length !== SIGNATURE_LENGTH) return false;
  const der = Buffer.concat([SPKI_PREFIX, key]);
  const nodeKey = createPublicKey({ key: der, format: 'der', type: 'spki' });
  if (!nodeVerify(null, message, nodeKey, signature)) return false;
  return strictVerify(signature, message, key, { zip215: false });
}
