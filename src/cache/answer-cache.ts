import { LRUCache } from 'lru-cache';
import type { PackedReply } from './packed-reply.ts';

/** A reply that the cache holds. Times are milliseconds of the cache's clock. */
export interface CachedReply {
  readonly reply: PackedReply;
  readonly storedAt: number;
  /** From here on it is stale. */
  readonly expiresAt: number;
}

/** Counts since the start. */
export interface CacheStatistics {
  readonly entries: number;
  /** Estimated octets held, keys included. */
  readonly bytes: number;
  readonly hits: number;
  readonly misses: number;
}

/** What an entry costs beyond its octets: the entry, its key, its place in the map; measured, rounded up. */
const ENTRY_OVERHEAD = 400;

/**
 * Answers by question, bounded in octets; the least recently used go first. The keys are made by `serve` from the
 * octets of a request. Expiry stands in the entry, not in the library's `ttl`, whose 0 means for ever.
 */
export class AnswerCache {
  readonly #entries: LRUCache<string, CachedReply>;
  readonly #now: () => number;
  #hits = 0;
  #misses = 0;

  /** @param maxBytes at least 1; @param now a clock in milliseconds that never goes back. */
  constructor(options: { readonly maxBytes: number; readonly now: () => number }) {
    this.#entries = new LRUCache({ maxSize: options.maxBytes });
    this.#now = options.now;
  }

  /** The reply for `key` when it is fresh. */
  get(key: string): CachedReply | undefined {
    const entry = this.#entries.get(key);
    if (entry !== undefined && this.#now() < entry.expiresAt) {
      this.#hits++;
      return entry;
    }
    this.#misses++;
    return undefined;
  }

  /** Keeps `reply` for its lifetime; a lifetime of 0 is not kept and ends what was kept before. */
  put(key: string, reply: PackedReply): void {
    if (reply.lifetime <= 0) {
      this.#entries.delete(key);
      return;
    }
    const storedAt = this.#now();
    const size = reply.bytes.length + key.length + reply.ttlOffsets.length * 4 + ENTRY_OVERHEAD;
    this.#entries.set(key, { reply, storedAt, expiresAt: storedAt + reply.lifetime * 1000 }, { size });
  }

  /** Forgets everything. */
  clear(): void {
    this.#entries.clear();
  }

  /** What the cache holds and has done. */
  statistics(): CacheStatistics {
    return {
      entries: this.#entries.size,
      bytes: this.#entries.calculatedSize,
      hits: this.#hits,
      misses: this.#misses,
    };
  }
}
