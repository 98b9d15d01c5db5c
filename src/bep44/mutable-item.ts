import { concatOctets } from '../octets/octets.ts';
import { octetsFromLatin1 } from '../octets/text.ts';
import { SIGNATURE_LENGTH } from './ed25519-rules.ts';

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
 * The bytes that are signed. BEP 44: "ed25519 signature of the bencoded sequence number concatenated with
 * the v key", as in `3:seqi4e1:v12:Hello world!`; a salt that is not empty comes first, as in `4:salt6:foobar`.
 */
export function signedBytes(seq: bigint, value: Uint8Array, salt: Uint8Array = NO_SALT): Uint8Array {
  const signed = [octetsFromLatin1(`3:seqi${seq}e1:v${value.length}:`), value];
  if (salt.length > 0) signed.unshift(octetsFromLatin1(`4:salt${salt.length}:`), salt);
  return concatOctets(signed);
}

const NO_SALT = new Uint8Array(0);
