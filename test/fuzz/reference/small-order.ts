import { createHash } from 'node:crypto';

/** The order of the base point (RFC 8032 §5.1). */
const L = 2n ** 252n + 27_742_317_777_372_353_535_851_937_790_883_648_493n;

/**
 * A signature whose R is the neutral element, as only somebody with the secret can make it: S = k·a satisfies the equation
 * of RFC 8032 §5.1.7. Strict verifiers refuse it, since it says nothing about the key's owner.
 */
export function forgedSignature(seed: Uint8Array, key: Uint8Array, message: Uint8Array): Uint8Array {
  const half = createHash('sha512').update(seed).digest().subarray(0, 32);
  half[0] = (half[0] as number) & 0xf8;
  half[31] = ((half[31] as number) & 0x7f) | 0x40;
  const r = Buffer.alloc(32);
  r[0] = 1;
  const k = number(createHash('sha512').update(r).update(key).update(message).digest());
  const s = (k * number(half)) % L;
  const signature = Buffer.concat([r, Buffer.alloc(32)]);
  signature.set(Buffer.from(s.toString(16).padStart(64, '0'), 'hex').reverse(), 32);
  return Uint8Array.from(signature);
}

/** Little endian. */
function number(octets: Uint8Array): bigint {
  return BigInt(`0x${Buffer.from(octets).reverse().toString('hex')}`);
}
