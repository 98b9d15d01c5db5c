import { randomInt } from 'node:crypto';
import { LRUCache } from 'lru-cache';
import type { Name } from '../dns/name.ts';
import { AnswerEntry } from './answer-entry.ts';
import { FirstLevelCache } from './first-level-cache.ts';
import type { PackedReply } from './packed-reply.ts';
import { questionKey } from './question-key.ts';

/** How a reply that the cache holds may be used. A closed list. */
export type CachedState =
  /** As it is. */
  | 'fresh'
  /** As it is, and it is time to ask again, so that the next who asks need not wait. Said once for each entry. */
  | 'fresh-refresh-ahead'
  /** When asking again fails or takes too long (RFC 8767). */
  | 'stale'
  /** Now: asking again failed a moment ago. */
  | 'stale-at-once';

/** An answer that may be used as it is: a small one by its place among the near answers, any other as its entry. */
export interface Hit {
  /** -1 when it is not among them; then there is the entry. */
  place: number;
  entry: AnswerEntry | undefined;
}

/** What the cache knows of a question. */
export interface Found {
  readonly state: CachedState;
  readonly entry: AnswerEntry;
}

/** Counts since the start. */
export interface CacheStatistics {
  readonly entries: number;
  /** Estimated octets held, keys included. */
  readonly bytes: number;
  /** Questions answered by a fresh entry. */
  readonly hits: number;
  readonly misses: number;
}

/** How an answer cache is set up. */
export interface AnswerCacheOptions {
  /** Estimated octets held at most; at least 1. */
  readonly maxBytes: number;
  /** Seconds that an expired answer may still be served when there is nothing better; 0 for never. */
  readonly maxStale: number;
  /** Milliseconds, never going back. */
  readonly now: () => number;
}

/** What an entry costs beyond its octets: the entry, its key, its place in the map; measured, rounded up. */
const ENTRY_OVERHEAD = 400;

/** RFC 8767 §5: "attempts to refresh from non-responsive or otherwise failing authoritative nameservers" wait 30 s. */
const RETRY_AFTER = 30_000;

/** Seconds that a first failure is remembered, and the most. RFC 2308 §7.1 and RFC 9520 §3.2: at least 1 s, at most 5 min. */
const FIRST_FAILURE_LIFETIME = 5;
const MAX_FAILURE_LIFETIME = 60;

/** The part of the octets that is for copies of small answers that are asked for again. */
const NEAR_PART = 1 / 4;

/** Asked so often in its life, a name is worth asking again ahead of its end; and this part of its life is the end. */
const REFRESH_MIN_ASKED = 2;
const REFRESH_PART = 0.1;

/**
 * Answers by question, bounded in octets; the least recently used go first. The keys are made by `serve` from the
 * octets of a request. Expiry stands in the entry, not in the library's `ttl`, whose 0 means for ever.
 */
export class AnswerCache {
  readonly #entries: LRUCache<string, AnswerEntry>;
  readonly #near: FirstLevelCache;
  /** Answers stored since the start, 32 bits of it. */
  #stored = 0;
  readonly #options: AnswerCacheOptions;
  #timesForgotten = 0;
  #hits = 0;
  #misses = 0;

  constructor(options: AnswerCacheOptions) {
    const nearBytes = options.maxBytes * NEAR_PART;
    this.#near = new FirstLevelCache(nearBytes, randomInt(2 ** 32));
    this.#entries = new LRUCache({
      maxSize: Math.max(1, Math.floor(options.maxBytes - nearBytes)),
      dispose: (entry) => this.#near.remove(entry),
    });
    this.#options = options;
  }

  /**
   * Whether the question of `request` has an answer that may be used as it is, with nothing else to be done: then it is in
   * `hit`. Otherwise nothing was counted, and `find` tells more. `nameEnd` is the offset after the QNAME, `flags` are
   * those of the key.
   */
  findHit(hit: Hit, request: Uint8Array, nameEnd: number, flags: number, now: number): boolean {
    const hash = this.#near.hash(request, nameEnd, flags);
    hit.entry = undefined;
    hit.place = this.#near.find(hash, request, nameEnd, flags, now);
    if (hit.place >= 0 && !this.#isToBeMoved(this.#near.serial(hit.place))) return true;
    const entry = this.#entries.get(questionKey(request, nameEnd, flags));
    if (entry === undefined || now >= entry.expiresAt || entry.failures > 0) return false;
    if (isNearItsEnd(entry, entry.asked + 1, now) || entry.extendedErrors.length > 0) return false;
    hit.entry = entry;
    hit.place = this.#near.put(hash, entry, refreshAt(entry), this.#stored);
    return true;
  }

  /** Counts a use of what `findHit` found. */
  countHit({ entry }: Hit): void {
    this.#hits++;
    if (entry !== undefined) entry.asked++;
  }

  /** The small answers, by the place in `Hit`. */
  get near(): FirstLevelCache {
    return this.#near;
  }

  /** What is known for `key`, and how it may be used; undefined when nothing is. */
  find(key: string): Found | undefined {
    const entry = this.#entries.get(key);
    if (entry === undefined) {
      this.#misses++;
      return undefined;
    }
    const now = this.#options.now();
    if (now < entry.expiresAt) {
      this.#hits++;
      entry.asked++;
      if (!isNearItsEnd(entry, entry.asked, now)) return { state: 'fresh', entry };
      entry.refreshSaid = true;
      return { state: 'fresh-refresh-ahead', entry };
    }
    this.#misses++;
    if (entry.failures > 0 || now >= entry.expiresAt + this.#options.maxStale * 1000) return undefined;
    return { state: now < entry.retryAt ? 'stale-at-once' : 'stale', entry };
  }

  /** Keeps an answer for its lifetime; one with a lifetime of 0 is not kept and ends what was kept before. */
  put(key: string, reply: PackedReply): void {
    if (reply.lifetime > 0) this.#set(key, reply, reply.lifetime, 0);
    else this.#entries.delete(key);
  }

  /**
   * Remembers that no answer could be found out, for 5 s and twice as long each time in a row, up to 60 s. An
   * answer that is held, even a stale one, is better than a failure and stays; asking again then waits for 30 s.
   */
  putFailure(key: string, reply: PackedReply): void {
    const now = this.#options.now();
    const held = this.#entries.peek(key);
    if (held !== undefined && held.failures === 0 && now < held.expiresAt + this.#options.maxStale * 1000) {
      held.retryAt = Math.floor(now) + RETRY_AFTER;
      return;
    }
    const failures = (held?.failures ?? 0) + 1;
    const lifetime = Math.min(FIRST_FAILURE_LIFETIME * 2 ** (failures - 1), MAX_FAILURE_LIFETIME);
    this.#set(key, reply, lifetime, failures);
  }

  /** Notes that a refresh takes long: for 30 s a stale answer is served without waiting. */
  postpone(entry: AnswerEntry): void {
    entry.retryAt = Math.floor(this.#options.now()) + RETRY_AFTER;
  }

  /** Forgets failures, and that refreshes failed: the network is another. */
  forgetFailures(): void {
    for (const [key, entry] of this.#entries.entries()) {
      if (entry.failures > 0) this.#entries.delete(key);
      else entry.retryAt = 0;
    }
  }

  /**
   * Forgets the answers for names at and below `name`. Answers of other names that led here by an alias keep the TTL
   * that the owner of the record gave it, as in any resolver. @returns how many.
   */
  forget(name: Name): number {
    this.#timesForgotten++;
    let count = 0;
    for (const key of [...this.#entries.keys()]) {
      if (isWithin(key, name.key) && this.#entries.delete(key)) count++;
    }
    return count;
  }

  /** How often `forget` was called: an answer that was begun before may be made of what is out of date since. */
  get timesForgotten(): number {
    return this.#timesForgotten;
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

  /**
   * Which of two answers was used later matters when one has to go, so one that is used is moved to the recently used
   * when an eighth of the cache has been stored since it was. Moving takes longer than all else that a hit does.
   */
  #isToBeMoved(serial: number): boolean {
    return (this.#stored - serial) >>> 0 > this.#entries.size >>> 3;
  }

  #set(key: string, reply: PackedReply, lifetime: number, failures: number): void {
    const entry = new AnswerEntry(key, reply, this.#options.now(), lifetime, failures);
    const size = entry.length + key.length + entry.ttlOffsets.length + ENTRY_OVERHEAD;
    this.#entries.set(key, entry, { size });
    this.#stored = (this.#stored + 1) >>> 0;
  }
}

/** From when on a fresh answer that was asked for twice is not simply to be used. */
function refreshAt(entry: AnswerEntry): number {
  if (entry.refreshSaid) return entry.expiresAt;
  return entry.expiresAt - (entry.expiresAt - entry.storedAt) * REFRESH_PART;
}

/** Whether it is time to ask again: in the last part of the life of an entry that was asked for `asked` times. */
function isNearItsEnd(entry: AnswerEntry, asked: number, now: number): boolean {
  if (entry.refreshSaid || asked < REFRESH_MIN_ASKED) return false;
  return now > refreshAt(entry);
}

/**
 * True when the name in `key` is `nameKey` or below it. A key is a name in wire form, two octets of TYPE and one of
 * flags (see `serve/request`).
 */
function isWithin(key: string, nameKey: string): boolean {
  const end = key.length - 3;
  for (let at = 0; end - at >= nameKey.length; at += key.charCodeAt(at) + 1) {
    if (end - at === nameKey.length) return key.startsWith(nameKey, at);
  }
  return false;
}
