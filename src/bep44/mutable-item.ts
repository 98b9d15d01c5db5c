import { createHash } from 'node:crypto';
import { SIGNATURE_LENGTH } from './ed25519.ts';

/** A value and sequence number with their signature. */
export interface SignedValue {
  /** The sequence number, `seq`. */
  readonly seq: bigint;
  /** The ed25519 signature, `sig`. */
  readonly signature: Uint8Array;
  /** The byte string `v` without its bencoding. */
  readonly value: Uint8Array;
}

/**
 * A mutable item of BEP 44 without salt, not verified. See VerifiedItem for one with a valid signature.
 */
export interface MutableItem extends SignedValue {
  /** The ed25519 public key, `k`. */
  readonly key: Uint8Array;
}

/** BEP 44: "Storing nodes MAY reject put requests where the bencoded form of v is longer than 1000 bytes". We measure the raw `v`. */
export const MAX_VALUE_LENGTH = 1000;

/** The largest sequence number. BEP 44: "The sequence number SHOULD not exceed MAX_INT64". */
export const MAX_SEQ = 2n ** 63n - 1n;

/** Whether the lengths and the sequence number are within the bounds of BEP 44. */
export function isStorable({ seq, signature, value }: SignedValue): boolean {
  return (
    seq >= 0n && seq <= MAX_SEQ && signature.length === SIGNATURE_LENGTH && value.length <= MAX_VALUE_LENGTH
  );
}

/**
 * The target of the item of `key`, 20 bytes. BEP 44: "The data MUST be stored under the SHA-1 hash of the public key", or of "the
 * public key concatenated with the salt".
 */
export function targetOf(key: Uint8Array, salt: Uint8Array = NO_SALT): Buffer {
  return createHash('sha1').update(key).update(salt).digest();
}

const NO_SALT = new Uint8Array(0);

/**
 * The bytes that are signed. BEP 44: "ed25519 signature of the bencoded sequence number concatenated with
 * the v key", as in `3:seqi4e1:v12:Hello world!`; a salt that is not empty comes first, as in `4:salt6:foobar`.
 */
export function signedBytes(seq: bigint, value: Uint8Array, salt: Uint8Array = NO_SALT): Buffer {
  const signed = [Buffer.from(`3:seqi${seq}e1:v${value.length}:`, 'latin1'), value];
  if (salt.length > 0) signed.unshift(Buffer.from(`4:salt${salt.length}:`, 'latin1'), salt);
  return Buffer.concat(signed);
}
