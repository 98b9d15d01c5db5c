import { createHash } from 'node:crypto';
import type { MutableItem } from '../dht-node.ts';
import { signatureCheckFor } from './ed25519.ts';

/** Bytes of an ed25519 public key. */
export const KEY_LENGTH = 32;
/** Bytes of an ed25519 signature. */
export const SIGNATURE_LENGTH = 64;
/** BEP 44: "Storing nodes MAY reject put requests where the bencoded form of v is longer than 1000 bytes". We count `v` raw. */
export const MAX_VALUE_LENGTH = 1000;
/** One above the largest sequence number. BEP 44: "The sequence number SHOULD not exceed MAX_INT64". */
export const SEQ_LIMIT = 2n ** 63n;

/** Where the item of `key` lives, 20 bytes. BEP 44: "The data MUST be stored under the SHA-1 hash of the public key". */
export function targetOf(key: Uint8Array): Buffer {
  return createHash('sha1').update(key).digest();
}

/**
 * The bytes that the owner of the key signs. BEP 44: "ed25519 signature of the bencoded sequence number concatenated with
 * the v key", as in `3:seqi4e1:v12:Hello world!`.
 */
export function signedBytes(seq: bigint, value: Uint8Array): Buffer {
  return Buffer.concat([Buffer.from(`3:seqi${seq}e1:v${value.length}:`), value]);
}

/** What makes `item` unfit to be stored anywhere, as a sentence, or undefined when nothing does. */
export function problemOf(item: MutableItem): string | undefined {
  if (item.key.length !== KEY_LENGTH) return `the key has ${item.key.length} bytes, not ${KEY_LENGTH}`;
  if (item.signature.length !== SIGNATURE_LENGTH) {
    return `the signature has ${item.signature.length} bytes, not ${SIGNATURE_LENGTH}`;
  }
  if (item.seq < 0n || item.seq >= SEQ_LIMIT)
    return `the sequence number ${item.seq} is not from 0 to 2^63 - 1`;
  if (item.value.length > MAX_VALUE_LENGTH) {
    return `the value has ${item.value.length} bytes, ${item.value.length - MAX_VALUE_LENGTH} too many`;
  }
  if (!signatureCheckFor(item.key).holds(item.signature, signedBytes(item.seq, item.value))) {
    return 'the signature does not hold';
  }
  return undefined;
}
