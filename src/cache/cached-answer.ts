import type { ExtendedError } from '../dns/extended-error.ts';
import type { AnswerStore } from './answer-store.ts';
import type { PackedReply } from './packed-reply.ts';

/** What the cache says of a reply that it has. Times are milliseconds of the cache's clock. */
export class CachedAnswer {
  readonly storedAt: number;
  /** From this time it is stale. */
  readonly expiresAt: number;
  /** Until this time a stale one is served without a refresh. */
  readonly retryAt: number;
  /** `KEY_DO` and `KEY_CD` of its question. */
  readonly keyFlags: number;
  readonly rcode: number;
  /** Failures in a row to find this answer, this one included, at most 255; 0 for an answer. */
  readonly failures: number;
  /** The generation of the cache in which it was last checked. */
  readonly generation: number;
  readonly #store: AnswerStore;
  readonly #at: number;
  readonly #changes: number;

  /** What `store` has at `at`. */
  constructor(store: AnswerStore, at: number) {
    const { records } = store;
    this.storedAt = records.storedAt(at);
    this.expiresAt = records.expiresAt(at);
    this.retryAt = records.retryAt(at);
    this.keyFlags = records.keyFlags(at);
    this.rcode = records.rcode(at);
    this.failures = records.failures(at);
    this.generation = records.generation(at);
    this.#store = store;
    this.#at = at;
    this.#changes = store.changes;
  }

  /** Whole seconds since it was stored, rounded up. */
  age(now: number): number {
    return Math.ceil((now - this.storedAt) / 1000);
  }

  /** Whether it has not expired. */
  isFresh(now: number): boolean {
    return now < this.expiresAt;
  }

  /** Where the store has it. @throws Error when an answer was stored or removed since it was found, which is a bug. */
  get at(): number {
    if (this.#store.changes !== this.#changes)
      throw new Error('A cached answer was used after the cache changed.');
    return this.#at;
  }

  /** The reply as it was cached, with its whole lifetime: before anything else is stored or removed. @throws Error as `at`. */
  unpack(): PackedReply {
    const { at, rcode } = this;
    const { records } = this.#store;
    return {
      bytes: records.bytes(at),
      questionEnd: records.questionEnd(at),
      ttlOffsets: records.ttlOffsets(at),
      rcode,
      authenticData: records.isAuthentic(at),
      extendedErrors: records.errors(at).map(toExtendedError),
      lifetime: (this.expiresAt - this.storedAt) / 1000,
    };
  }
}

function toExtendedError({
  code,
  text,
}: {
  readonly code: number;
  readonly text: Uint8Array;
}): ExtendedError {
  return { code, text: Buffer.from(text).toString('utf8') };
}
