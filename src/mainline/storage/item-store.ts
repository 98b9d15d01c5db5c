import { createHash } from 'node:crypto';
import { LRUCache } from 'lru-cache';
import { signatureCheck } from '../../bep44/ed25519.ts';
import { MAX_VALUE_LENGTH, signedBytes } from '../../bep44/mutable-item.ts';
import { targetOf } from '../../bep44/target.ts';
import { copyOf, isSame, latin1 } from '../wire/bytes.ts';
import type { PutBody } from '../wire/krpc-message.ts';

/** BEP 44: "The salt string MUST NOT be longer than 64 bytes." */
const MAX_SALT_LENGTH = 64;

/** An item stored for others. Its bytes are copies, so that the datagram does not stay in memory. */
export interface KeptItem {
  readonly value: Uint8Array;
  /** Absent when the item is immutable. */
  readonly signed?: { readonly key: Uint8Array; readonly seq: bigint; readonly signature: Uint8Array };
}

/** An error code of BEP 44 and its text. */
export interface PutProblem {
  readonly code: 205 | 206 | 207 | 301 | 302;
  readonly message: string;
}

/**
 * Items stored for others (BEP 44), by the rules of Rust mainline's server. The least recently used item is dropped when there
 * are too many; a put of the same item counts as use. BEP 44: items "MAY expire in 2 hours".
 */
export class ItemStore {
  readonly #items: LRUCache<string, KeptItem>;

  /** `maxItems`: each item takes about 1200 bytes at most. */
  constructor(maxItems: number) {
    this.#items = new LRUCache({ max: maxItems });
  }

  /** Number of items. */
  get size(): number {
    return this.#items.size;
  }

  /** The item under `target` (20 bytes). */
  get(target: Uint8Array): KeptItem | undefined {
    return this.#items.get(latin1(target));
  }

  /** Stores the item of `put`, or returns the error. The token must have been checked before. */
  put(put: PutBody): PutProblem | undefined {
    const { value, signed } = put;
    if (value.length > MAX_VALUE_LENGTH) return { code: 205, message: 'message (v field) too big' };
    if (signed === undefined) {
      this.#items.set(latin1(immutableTarget(value)), { value: copyOf(value) });
      return undefined;
    }
    const { key, seq, signature, cas } = signed;
    // "if salt is specified and an empty string, it is as if it was not specified" (BEP 44).
    const salt = signed.salt?.length === 0 ? undefined : signed.salt;
    if (salt !== undefined && salt.length > MAX_SALT_LENGTH)
      return { code: 207, message: 'salt (salt field) too big' };
    const target = latin1(targetOf(key, salt));
    const held = this.#items.get(target);
    const problem = held?.signed && conflictOf(put, held.value, held.signed.seq, cas);
    if (problem !== undefined) return problem;
    if (!signatureCheck(key)(signedBytes(seq, value, salt), signature))
      return { code: 206, message: 'invalid signature' };
    const kept = { key: copyOf(key), seq, signature: copyOf(signature) };
    this.#items.set(target, { value: copyOf(value), signed: kept });
    return undefined;
  }
}

/** The error of storing `put` over an item with this value and sequence number. */
function conflictOf(
  put: PutBody,
  heldValue: Uint8Array,
  heldSeq: bigint,
  cas: bigint | undefined,
): PutProblem | undefined {
  const seq = put.signed?.seq ?? 0n;
  if (cas !== undefined && cas !== heldSeq)
    return { code: 301, message: 'CAS mismatch, re-read and try again' };
  // The same item again is a refresh: its publisher keeps it alive, or puts it directly and through a relay.
  if (seq < heldSeq || (seq === heldSeq && !isSame(put.value, heldValue)))
    return { code: 302, message: 'sequence number less than current' };
  return undefined;
}

/** BEP 44: "the SHA-1 hash of the bencoded value". */
function immutableTarget(value: Uint8Array): Uint8Array {
  return createHash('sha1').update(`${value.length}:`).update(value).digest();
}
