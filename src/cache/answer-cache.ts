import { randomInt } from 'node:crypto';
import { LRUCache } from 'lru-cache';
import { Name } from '../dns/name.ts';
import { WireError } from '../dns/wire-error.ts';
import { AnswerEntry } from './answer-entry.ts';
import { FirstLevelCache } from './first-level-cache.ts';
import { ForgottenNames } from './forgotten-names.ts';
import type { PackedReply } from './packed-reply.ts';
import { nameOfKey, otherDnssecKey, questionKey } from './question-key.ts';
import { namesOfReply } from './reply-names.ts';

/** How a cached reply may be used. A closed list. */
export type CachedState =
  /** As it is. */
  | 'fresh'
  /** As it is, and it should be refreshed now, before it expires. Said once for each entry. */
  | 'fresh-refresh-ahead'
  /** If the refresh fails or takes too long (RFC 8767). */
  | 'stale'
  /** At once: a refresh has just failed. */
  | 'stale-at-once';

/** A fresh answer: a slot of the first-level cache for a small one, an entry for any other. */
export interface Hit {
  /** -1 when it is not in the first-level cache; then `entry` is set. */
  slot: number;
  entry: AnswerEntry | undefined;
}

/** What the cache has for a question. */
export interface Found {
  readonly state: CachedState;
  readonly entry: AnswerEntry;
}

/** Counts since the start. */
export interface CacheStatistics {
  readonly entries: number;
  /** Estimated octets held, keys included. */
  readonly bytes: number;
  /** The most that it holds, estimated in the same way. */
  readonly maxBytes: number;
  /** Questions answered by a fresh entry. */
  readonly hits: number;
  readonly misses: number;
  /** Answers that were removed for others, because the cache is full. */
  readonly evictions: number;
}

/** Options of an answer cache. */
export interface AnswerCacheOptions {
  /** Maximum size in octets, estimated; at least 1. */
  readonly maxBytes: number;
  /** Seconds that an expired answer may be served if there is nothing better; 0 for never. */
  readonly maxStale: number;
  /** A monotonic clock, in milliseconds. */
  readonly now: () => number;
  /** Whether answers for a name come from upstreams, and expire when those change. By default all do. */
  readonly isOrdinary?: (name: Name) => boolean;
  /** Any number, from which the hashes of questions follow. By default random, so that nobody outside can make them collide. */
  readonly seed?: number;
}

/** RFC 8767 §5: "attempts to refresh from non-responsive or otherwise failing authoritative nameservers" wait 30 s. */
const RETRY_AFTER = 30_000;

/** Seconds that a first failure is cached, and the maximum. RFC 2308 §7.1 and RFC 9520 §3.2: at least 1 s, at most 5 min. */
const FIRST_FAILURE_LIFETIME = 5;
const MAX_FAILURE_LIFETIME = 60;

/** The part of the size that is for the first-level cache. */
const FIRST_LEVEL_PART = 1 / 4;

/** An answer that was asked for so often is refreshed ahead, in this last part of its lifetime. */
const REFRESH_MIN_ASKED = 2;
const REFRESH_PART = 0.1;

/**
 * Answers by question, bounded in octets; the least recently used are evicted first. The keys are made by `serve` from
 * the octets of a request. Entries expire by their own times, not by the library's `ttl`, whose 0 means for ever.
 *
 * Events that invalidate many answers (a newer packet of a key, a change of the network) take constant time: they begin a
 * new generation of the cache, and an entry of an older generation is checked when it is next found.
 */
export class AnswerCache {
  readonly #options: AnswerCacheOptions;
  readonly #entries: LRUCache<string, AnswerEntry>;
  readonly #firstLevel: FirstLevelCache;
  /** Answers stored since the start, modulo 2^32. */
  #stored = 0;
  #hits = 0;
  #misses = 0;
  #evictions = 0;

  #generation = 0;
  readonly #forgotten = new ForgottenNames();
  /** The generations in which failures were last forgotten and answers of upstreams last expired, and the time of that. */
  #failuresForgotten = 0;
  #upstreamsExpired = 0;
  #upstreamsExpiredAt = 0;

  constructor(options: AnswerCacheOptions) {
    this.#options = options;
    this.#firstLevel = new FirstLevelCache(
      options.maxBytes * FIRST_LEVEL_PART,
      options.seed ?? randomInt(2 ** 32),
    );
    this.#entries = new LRUCache({
      maxSize: Math.max(1, Math.floor(options.maxBytes - this.#firstLevel.byteLength)),
      dispose: (entry, _, reason) => {
        if (reason === 'evict') this.#evictions++;
        this.#firstLevel.remove(entry);
      },
    });
  }

  /**
   * Looks for a fresh answer to the question of `request` that needs no refresh: then true, and it is in `hit`. Otherwise
   * nothing was counted; see `find`. `nameEnd` is the offset after the QNAME, `flags` are those of the key.
   */
  findHit(hit: Hit, request: Uint8Array, nameEnd: number, flags: number, now: number): boolean {
    const hash = this.#firstLevel.hash(request, nameEnd);
    hit.entry = undefined;
    hit.slot = this.#firstLevel.find(hash, request, nameEnd, flags, this.#generation, now);
    if (hit.slot >= 0 && !this.#isDueToMove(this.#firstLevel.serial(hit.slot))) return true;
    const entry = this.#current(questionKey(request, nameEnd, flags));
    if (entry === undefined || now >= entry.expiresAt || entry.failures > 0) return false;
    if (isNearItsEnd(entry, entry.asked + 1, now) || entry.extendedErrors.length > 0) return false;
    hit.entry = entry;
    hit.slot = this.#firstLevel.put(hash, entry, refreshAt(entry), this.#stored);
    return true;
  }

  /** Counts a use of what `findHit` found. */
  countHit({ entry }: Hit): void {
    this.#hits++;
    if (entry !== undefined) entry.asked++;
  }

  /** The small answers, by the slot in `Hit`. */
  get firstLevel(): FirstLevelCache {
    return this.#firstLevel;
  }

  /**
   * What the cache has for `key`, and how it may be used; undefined for nothing. `fresh-refresh-ahead` only if
   * `mayRefresh`.
   */
  find(key: string, mayRefresh = true): Found | undefined {
    const entry = this.#current(key);
    if (entry === undefined) {
      this.#misses++;
      return undefined;
    }
    const now = this.#options.now();
    if (now < entry.expiresAt) {
      this.#hits++;
      entry.asked++;
      if (!mayRefresh || !isNearItsEnd(entry, entry.asked, now)) return { state: 'fresh', entry };
      entry.refreshSaid = true;
      return { state: 'fresh-refresh-ahead', entry };
    }
    this.#misses++;
    if (!this.#isAnswer(entry)) return undefined;
    return { state: now < entry.retryAt ? 'stale-at-once' : 'stale', entry };
  }

  /**
   * Rises with each event that invalidates answers. Whoever resolves a question notes it before, and passes it to `put`, so
   * that an answer made from outdated data is not cached.
   */
  get generation(): number {
    return this.#generation;
  }

  /** The entry of `key`, fresh or not, without counting a hit or miss. */
  peek(key: string): AnswerEntry | undefined {
    return this.#current(key);
  }

  /** A fresh or stale answer to the same question with the opposite DO bit; not a failure. */
  peekOther(key: string): AnswerEntry | undefined {
    const entry = this.#current(otherDnssecKey(key));
    return entry !== undefined && this.#isAnswer(entry) ? entry : undefined;
  }

  /** Whether the name of `key` was forgotten after generation `begun`. */
  isForgotten(key: string, begun: number): boolean {
    return this.#forgotten.covers(nameOfKey(key), begun);
  }

  /** Caches an answer for its lifetime; one with a lifetime of 0 is not cached, and replaces the older one. */
  put(key: string, reply: PackedReply, begun = this.#generation): void {
    if (!this.#forgotten.isQuietSince(begun) && this.#isMadeOfForgotten(reply, begun)) return;
    if (reply.lifetime > 0) this.#set(key, reply, reply.lifetime, 0, begun);
    else this.#entries.delete(key);
  }

  /**
   * Caches a failure for 5 s, twice as long each time in a row, up to 60 s. A cached answer, even a stale one or one with
   * the opposite DO bit, is better than a failure and stays; it is then not refreshed for 30 s.
   */
  putFailure(key: string, reply: PackedReply, begun = this.#generation): void {
    if (begun < this.#failuresForgotten || this.#forgotten.covers(nameOfKey(key), begun)) return;
    const held = this.#current(key);
    const answer = held !== undefined && this.#isAnswer(held) ? held : this.peekOther(key);
    if (answer !== undefined) {
      this.postpone(answer);
      return;
    }
    const failures = (held?.failures ?? 0) + 1;
    const lifetime = Math.min(FIRST_FAILURE_LIFETIME * 2 ** (failures - 1), MAX_FAILURE_LIFETIME);
    this.#set(key, reply, lifetime, failures, begun);
  }

  /** A refresh takes too long: for 30 s the stale answer is served without waiting. */
  postpone(entry: AnswerEntry): void {
    entry.retryAt = Math.floor(this.#options.now()) + RETRY_AFTER;
  }

  /** The network changed: failures, and that refreshes failed, are forgotten. */
  forgetFailures(): void {
    this.#failuresForgotten = ++this.#generation;
  }

  /**
   * The upstreams changed: answers for names for which `isOrdinary` is true are no longer fresh. They may still be served
   * as stale.
   */
  expireOrdinary(): void {
    this.#upstreamsExpired = ++this.#generation;
    this.#upstreamsExpiredAt = Math.floor(this.#options.now());
  }

  /**
   * Forgets the answers for names at and below `name`, in constant time. Answers for other names whose alias leads there
   * stay until their TTL ends, as in any resolver.
   */
  forget(name: Name): void {
    this.#forgotten.add(name.key, ++this.#generation);
  }

  /** Forgets the answers for names at and below `name` and frees their memory. @returns how many. */
  flush(name: Name): number {
    let count = 0;
    for (const [key, entry] of [...this.#entries.entries()]) {
      if (!isWithin(nameOfKey(key), name.key)) continue;
      if (this.#catchUp(key, entry)) count++;
      this.#entries.delete(key);
    }
    this.forget(name);
    return count;
  }

  /** Counters. */
  statistics(): CacheStatistics {
    return {
      entries: this.#entries.size,
      bytes: this.#entries.calculatedSize,
      maxBytes: this.#options.maxBytes,
      hits: this.#hits,
      misses: this.#misses,
      evictions: this.#evictions,
    };
  }

  /** Whether an entry is an answer, not a failure, and not too old to be served as stale. */
  #isAnswer({ failures, expiresAt }: AnswerEntry): boolean {
    return failures === 0 && this.#options.now() < expiresAt + this.#options.maxStale * 1000;
  }

  /** The entry of `key`, unless it is outdated; it counts as used. */
  #current(key: string): AnswerEntry | undefined {
    const entry = this.#entries.get(key);
    if (entry === undefined || entry.generation === this.#generation || this.#catchUp(key, entry))
      return entry;
    this.#entries.delete(key);
    return undefined;
  }

  /** Applies to an entry what happened since its generation. @returns false when it is outdated. */
  #catchUp(key: string, entry: AnswerEntry): boolean {
    const since = entry.generation;
    if (since === this.#generation) return true;
    if (this.#forgotten.covers(nameOfKey(key), since)) return false;
    if (since < this.#failuresForgotten) {
      if (entry.failures > 0) return false;
      entry.retryAt = 0;
    }
    if (since < this.#upstreamsExpired && this.#isOrdinary(key)) {
      entry.expiresAt = Math.min(entry.expiresAt, this.#upstreamsExpiredAt);
    }
    entry.generation = this.#generation;
    return true;
  }

  #isOrdinary(key: string): boolean {
    return this.#options.isOrdinary?.(Name.fromKey(nameOfKey(key))) ?? true;
  }

  /** Whether a name in an answer was forgotten after generation `begun`. */
  #isMadeOfForgotten({ bytes }: PackedReply, begun: number): boolean {
    try {
      return namesOfReply(bytes).some(({ key }) => this.#forgotten.covers(key, begun));
    } catch (error) {
      if (!(error instanceof WireError)) throw error;
      return true;
    }
  }

  /**
   * Whether a hit should count as a use for eviction: only if answers equal to an eighth of the cache were stored since it
   * last did, for moving an entry to the front takes longer than the rest of a hit.
   */
  #isDueToMove(serial: number): boolean {
    return (this.#stored - serial) >>> 0 > this.#entries.size >>> 3;
  }

  #set(key: string, reply: PackedReply, lifetime: number, failures: number, begun: number): void {
    const entry = new AnswerEntry(key, reply, {
      now: this.#options.now(),
      lifetime,
      failures,
      generation: begun,
    });
    if (!this.#catchUp(key, entry)) return;
    this.#entries.set(key, entry, { size: entry.sizeWith(key) });
    this.#stored = (this.#stored + 1) >>> 0;
  }
}

/** The time from which a fresh answer that was asked for twice is refreshed ahead. */
function refreshAt(entry: AnswerEntry): number {
  if (entry.refreshSaid) return entry.expiresAt;
  return entry.expiresAt - (entry.expiresAt - entry.storedAt) * REFRESH_PART;
}

/** Whether an entry that was asked for `asked` times should be refreshed now. */
function isNearItsEnd(entry: AnswerEntry, asked: number, now: number): boolean {
  if (entry.refreshSaid || asked < REFRESH_MIN_ASKED) return false;
  return now > refreshAt(entry);
}

/** True when `nameKey` is `ancestor` or below it; both are `Name.key`s. */
function isWithin(nameKey: string, ancestor: string): boolean {
  for (let at = 0; nameKey.length - at >= ancestor.length; at += nameKey.charCodeAt(at) + 1) {
    if (nameKey.length - at === ancestor.length) return nameKey.startsWith(ancestor, at);
  }
  return false;
}
