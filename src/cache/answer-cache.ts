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

/** An answer that may be used as it is: a small one by its slot in the first-level cache, any other as its entry. */
export interface Hit {
  /** -1 when it is not in the first-level cache; then there is the entry. */
  slot: number;
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
  /** Whether answers for a name come from upstreams, and so change with them. Without it those of all names do. */
  readonly isOrdinary?: (name: Name) => boolean;
}

/** RFC 8767 §5: "attempts to refresh from non-responsive or otherwise failing authoritative nameservers" wait 30 s. */
const RETRY_AFTER = 30_000;

/** Seconds that a first failure is remembered, and the most. RFC 2308 §7.1 and RFC 9520 §3.2: at least 1 s, at most 5 min. */
const FIRST_FAILURE_LIFETIME = 5;
const MAX_FAILURE_LIFETIME = 60;

/** The part of the octets that is for copies of small answers that are asked for again. */
const FIRST_LEVEL_PART = 1 / 4;

/** Asked so often in its life, a name is worth asking again ahead of its end; and this part of its life is the end. */
const REFRESH_MIN_ASKED = 2;
const REFRESH_PART = 0.1;

/**
 * Answers by question, bounded in octets; the least recently used go first. The keys are made by `serve` from the
 * octets of a request. Expiry stands in the entry, not in the library's `ttl`, whose 0 means for ever.
 *
 * What makes many answers out of date at once (a newer packet of a key, a change of the network) takes the same short time
 * whatever the cache holds: it begins a new generation, and an entry of an older one is checked when it is found.
 */
export class AnswerCache {
  readonly #options: AnswerCacheOptions;
  readonly #entries: LRUCache<string, AnswerEntry>;
  readonly #firstLevel: FirstLevelCache;
  /** Answers stored since the start, 32 bits of it. */
  #stored = 0;
  #hits = 0;
  #misses = 0;

  #generation = 0;
  readonly #forgotten = new ForgottenNames();
  /** The generation in which failures were last forgotten, and that in which answers of upstreams last expired, and when. */
  #failuresForgotten = 0;
  #upstreamsExpired = 0;
  #upstreamsExpiredAt = 0;

  constructor(options: AnswerCacheOptions) {
    this.#options = options;
    this.#firstLevel = new FirstLevelCache(options.maxBytes * FIRST_LEVEL_PART, randomInt(2 ** 32));
    this.#entries = new LRUCache({
      maxSize: Math.max(1, Math.floor(options.maxBytes - this.#firstLevel.byteLength)),
      dispose: (entry) => this.#firstLevel.remove(entry),
    });
  }

  /**
   * Whether the question of `request` has an answer that may be used as it is, with nothing else to be done: then it is in
   * `hit`. Otherwise nothing was counted, and `find` tells more. `nameEnd` is the offset after the QNAME, `flags` are
   * those of the key.
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
   * What is known for `key`, and how it may be used; undefined when nothing is. That it is time to refresh is said only
   * when `mayRefresh`.
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
   * Rises whenever answers become out of date. What is put was begun in the generation that this said then, so that it
   * is not kept when it was made of what is out of date by now.
   */
  get generation(): number {
    return this.#generation;
  }

  /** The entry of `key`, fresh or not and without a count; undefined when there is none that may be used. */
  peek(key: string): AnswerEntry | undefined {
    return this.#current(key);
  }

  /** An answer to the same question with DO the other way, fresh or stale: no failure, and not too old to be served. */
  peekOther(key: string): AnswerEntry | undefined {
    const entry = this.#current(otherDnssecKey(key));
    return entry !== undefined && this.#isAnswer(entry) ? entry : undefined;
  }

  /** Whether what was begun for `key` in the generation `begun` is of no use by now: its name was forgotten since. */
  isForgotten(key: string, begun: number): boolean {
    return this.#forgotten.covers(nameOfKey(key), begun);
  }

  /** Keeps an answer for its lifetime; one with a lifetime of 0 is not kept and ends what was kept before. */
  put(key: string, reply: PackedReply, begun = this.#generation): void {
    if (!this.#forgotten.isQuietSince(begun) && this.#isMadeOfForgotten(reply, begun)) return;
    if (reply.lifetime > 0) this.#set(key, reply, reply.lifetime, 0, begun);
    else this.#entries.delete(key);
  }

  /**
   * Remembers that no answer could be found, for 5 s and twice as long each time in a row, up to 60 s. An
   * answer that is held, even a stale one, or one with DO the other way, is better than a failure; asking again then waits
   * for 30 s.
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

  /** Notes that a refresh takes long: for 30 s a stale answer is served without waiting. */
  postpone(entry: AnswerEntry): void {
    entry.retryAt = Math.floor(this.#options.now()) + RETRY_AFTER;
  }

  /** Forgets failures, and that refreshes failed: the network changed. */
  forgetFailures(): void {
    this.#failuresForgotten = ++this.#generation;
  }

  /**
   * Answers of upstreams are fresh no longer: others are asked from now on. They may still be served as stale ones. The
   * names for which `isOrdinary` is false keep theirs.
   */
  expireOrdinary(): void {
    this.#upstreamsExpired = ++this.#generation;
    this.#upstreamsExpiredAt = Math.floor(this.#options.now());
  }

  /**
   * Forgets the answers for names at and below `name`, in the same time whatever the cache holds. Answers of other names
   * that led here by an alias keep the TTL that the owner of the record gave it, as in any resolver.
   */
  forget(name: Name): void {
    this.#forgotten.add(name.key, ++this.#generation);
  }

  /** Forgets the answers for names at and below `name` and frees what they take. @returns how many. */
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

  /** What the cache holds and has done. */
  statistics(): CacheStatistics {
    return {
      entries: this.#entries.size,
      bytes: this.#entries.calculatedSize,
      hits: this.#hits,
      misses: this.#misses,
    };
  }

  /** Whether an entry is an answer, fresh or stale, and not too old to be served. */
  #isAnswer({ failures, expiresAt }: AnswerEntry): boolean {
    return failures === 0 && this.#options.now() < expiresAt + this.#options.maxStale * 1000;
  }

  /** The entry of `key`, if it is still to be known. It counts as used. */
  #current(key: string): AnswerEntry | undefined {
    const entry = this.#entries.get(key);
    if (entry === undefined || entry.generation === this.#generation || this.#catchUp(key, entry))
      return entry;
    this.#entries.delete(key);
    return undefined;
  }

  /** Tells an entry what has become out of date since it was last looked at. @returns false when it is to be forgotten. */
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

  /** Whether an answer that was begun in the generation `begun` rests on a name that was forgotten since. */
  #isMadeOfForgotten({ bytes }: PackedReply, begun: number): boolean {
    try {
      return namesOfReply(bytes).some(({ key }) => this.#forgotten.covers(key, begun));
    } catch (error) {
      if (!(error instanceof WireError)) throw error;
      return true;
    }
  }

  /**
   * Which of two answers was used later matters when one has to go, so one that is used is moved to the recently used
   * when an eighth of the cache has been stored since it was. Moving takes longer than all else that a hit does.
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

/** True when `nameKey` is `ancestor` or below it; both are as `Name.key`. */
function isWithin(nameKey: string, ancestor: string): boolean {
  for (let at = 0; nameKey.length - at >= ancestor.length; at += nameKey.charCodeAt(at) + 1) {
    if (nameKey.length - at === ancestor.length) return nameKey.startsWith(ancestor, at);
  }
  return false;
}
