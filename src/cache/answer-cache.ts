import type { ExtendedError } from '../dns/extended-error.ts';
import type { Name } from '../dns/name.ts';
import { type AnswerRecords, MOST_ASKED, type RecordError } from './answer-records.ts';
import { AnswerStore } from './answer-store.ts';
import { CachedAnswer } from './cached-answer.ts';
import { Invalidations } from './invalidations.ts';
import type { PackedReply } from './packed-reply.ts';
import { QuestionHash } from './question-hash.ts';
import { type AskedQuestion, flagsOfKey, KEY_DO, nameOfKey } from './question-key.ts';

/** How a cached reply may be used. A closed list. */
export type CachedState =
  /** As it is. */
  | 'fresh'
  /** As it is, and it should be refreshed now, before it expires. Said once for each answer. */
  | 'fresh-refresh-ahead'
  /** If the refresh fails or takes too long (RFC 8767). */
  | 'stale'
  /** At once: a refresh has just failed. */
  | 'stale-at-once';

/** What the cache has for a question. */
export interface Found {
  readonly state: CachedState;
  readonly answer: CachedAnswer;
}

/** Counts since the start. */
export interface CacheStatistics {
  readonly entries: number;
  /** Octets that the answers take. */
  readonly bytes: number;
  /** Octets that the cache takes when it is full; a twentieth is for the index. */
  readonly maxBytes: number;
  /** Questions answered by a fresh entry. */
  readonly hits: number;
  readonly misses: number;
  /** Answers that were removed for others, because the cache is full. */
  readonly evictions: number;
}

/** Options of an answer cache. */
export interface AnswerCacheOptions {
  /** Maximum size in octets; at least 1. */
  readonly maxBytes: number;
  /** Seconds that an expired answer may be served if there is nothing better; 0 for never. */
  readonly maxStale: number;
  /** A monotonic clock, in milliseconds. */
  readonly now: () => number;
  /** Whether answers for a name come from upstreams, and expire when those change. By default all do. */
  readonly isOrdinary?: (name: Name) => boolean;
  /** An integer of 32 bits, from which the hashes of questions follow. By default they follow from 64 random bits. */
  readonly seed?: number;
}

/** RFC 8767 §5: "attempts to refresh from non-responsive or otherwise failing authoritative nameservers" wait 30 s. */
const RETRY_AFTER = 30_000;

/** Seconds that a first failure is cached, and the maximum. RFC 2308 §7.1 and RFC 9520 §3.2: at least 1 s, at most 5 min. */
const FIRST_FAILURE_LIFETIME = 5;
const MAX_FAILURE_LIFETIME = 60;

/** An answer that was asked for as often as is counted is refreshed ahead, in this last part of its lifetime. */
const REFRESH_PART = 0.1;

/** Answers by question, bounded in octets; those that were not used for longest are evicted first, nearly. */
export class AnswerCache {
  readonly #options: AnswerCacheOptions;
  readonly #hash: QuestionHash;
  #store: AnswerStore;
  #records: AnswerRecords;
  #hits = 0;
  #misses = 0;
  #evictions = 0;
  readonly #invalidations: Invalidations;

  constructor(options: AnswerCacheOptions) {
    const { seed, maxBytes, now, isOrdinary = () => true } = options;
    this.#options = options;
    this.#invalidations = new Invalidations(now, isOrdinary);
    this.#hash = seed === undefined ? new QuestionHash() : new QuestionHash(seed, ~seed);
    this.#store = new AnswerStore(maxBytes, this.#hash);
    this.#records = this.#store.records;
  }

  /**
   * Looks for a fresh answer without extended errors, and no failure, to the question of `request`, which needs no refresh.
   * `nameEnd` is the offset after the QNAME, `keyFlags` are those of the question.
   * @returns where it is, for `records`, until something is stored or removed; or -1, and then nothing was counted: see `find`.
   */
  findHit(request: Uint8Array, nameEnd: number, keyFlags: number, now: number): number {
    const at = this.#current(this.#store.find(request, nameEnd, keyFlags));
    if (at < 0) return -1;
    const records = this.#records;
    if (now >= records.expiresAt(at) || records.failures(at) > 0 || records.hasErrors(at)) return -1;
    return this.#isNearItsEnd(at, records.asked(at) + 1, now) ? -1 : at;
  }

  /** Counts a use of what `findHit` found. */
  countHit(at: number): void {
    this.#hits++;
    this.#records.countAsked(at);
    this.#records.setUsed(at, true);
  }

  /** The octets of what `findHit` found. */
  get records(): AnswerRecords {
    return this.#records;
  }

  /**
   * What the cache has for a question, and how it may be used; undefined for nothing. `fresh-refresh-ahead` only if
   * `mayRefresh`.
   */
  find(asked: AskedQuestion, mayRefresh = true): Found | undefined {
    const at = this.#use(asked, asked.keyFlags);
    if (at < 0) {
      this.#misses++;
      return undefined;
    }
    const records = this.#records;
    const now = this.#options.now();
    if (now < records.expiresAt(at)) {
      this.#hits++;
      records.countAsked(at);
      const isDue = mayRefresh && this.#isNearItsEnd(at, records.asked(at), now);
      if (isDue) records.sayRefresh(at);
      return { state: isDue ? 'fresh-refresh-ahead' : 'fresh', answer: new CachedAnswer(this.#store, at) };
    }
    this.#misses++;
    if (!this.#isAnswer(at)) return undefined;
    return {
      state: now < records.retryAt(at) ? 'stale-at-once' : 'stale',
      answer: new CachedAnswer(this.#store, at),
    };
  }

  /**
   * Rises with each event that invalidates answers. Whoever resolves a question notes it before, and passes it to `put`, so
   * that an answer made from outdated data is not cached.
   */
  get generation(): number {
    return this.#invalidations.generation;
  }

  /** What there is for a question, fresh or not, without counting a hit or miss. */
  peek(asked: AskedQuestion): CachedAnswer | undefined {
    const at = this.#use(asked, asked.keyFlags);
    return at < 0 ? undefined : new CachedAnswer(this.#store, at);
  }

  /**
   * What there is to fall back on when a question is not answered: a fresh or stale answer to it, or else to the same one with
   * the opposite DO bit; not a failure.
   */
  fallback(asked: AskedQuestion): CachedAnswer | undefined {
    const at = this.#fallback(asked);
    return at < 0 ? undefined : new CachedAnswer(this.#store, at);
  }

  /** Whether the name of `key` was forgotten after generation `begun`. */
  isForgotten(key: string, begun: number): boolean {
    return this.#invalidations.isForgotten(nameOfKey(key), begun);
  }

  /**
   * Caches an answer for its lifetime; one with a lifetime of 0 is not cached, and replaces the older one. The question is
   * that of the reply, and of `key` the flags alone are looked at: no reply can be found under the question of another.
   */
  put(key: string, reply: PackedReply, begun = this.generation): void {
    if (this.#invalidations.isMadeOfForgotten(reply.bytes, begun)) return;
    const keyFlags = flagsOfKey(key);
    if (reply.lifetime > 0) {
      this.#set(reply, keyFlags, reply.lifetime, 0, begun);
      return;
    }
    const older = this.#store.find(reply.bytes, reply.questionEnd - 4, keyFlags);
    if (older >= 0) this.#store.remove(older);
  }

  /**
   * Caches a failure for 5 s, twice as long each time in a row, up to 60 s. A cached answer, even a stale one or one with
   * the opposite DO bit, is better than a failure and stays; it is then not refreshed for 30 s.
   */
  putFailure(key: string, reply: PackedReply, begun = this.generation): void {
    if (this.#invalidations.areFailuresForgotten(begun) || this.isForgotten(key, begun)) return;
    const asked = { bytes: reply.bytes, questionEnd: reply.questionEnd, keyFlags: flagsOfKey(key) };
    const answer = this.#fallback(asked);
    if (answer >= 0) {
      this.#postpone(answer);
      return;
    }
    const held = this.#use(asked, asked.keyFlags);
    const failures = (held < 0 ? 0 : this.#records.failures(held)) + 1;
    const lifetime = Math.min(FIRST_FAILURE_LIFETIME * 2 ** (failures - 1), MAX_FAILURE_LIFETIME);
    this.#set(reply, asked.keyFlags, lifetime, failures, begun);
  }

  /** A refresh takes too long: for 30 s the stale answer is served without waiting. @throws Error as `CachedAnswer.at`. */
  postpone(answer: CachedAnswer): void {
    this.#postpone(answer.at);
  }

  /** The network changed: failures, and that refreshes failed, are forgotten. */
  forgetFailures(): void {
    this.#invalidations.forgetFailures();
  }

  /**
   * The upstreams changed: answers for names for which `isOrdinary` is true are no longer fresh. They may still be served
   * as stale.
   */
  expireOrdinary(): void {
    this.#invalidations.expireOrdinary();
  }

  /**
   * Forgets the answers for names at and below `name`, in constant time. Answers for other names whose alias leads there
   * stay until their TTL ends, as in any resolver.
   */
  forget(name: Name): void {
    this.#invalidations.forget(name);
  }

  /**
   * Forgets the answers for names at and below `name`, and frees their memory: for others, or, when nothing is left, for the
   * system. @returns how many.
   */
  flush(name: Name): number {
    let count = 0;
    for (const at of this.#store.positions()) {
      if (!isWithin(this.#records.nameKey(at), name.key)) continue;
      if (this.#invalidations.catchUp(this.#records, at)) count++;
      this.#store.remove(at);
    }
    if (this.#store.count === 0) {
      this.#evictions += this.#store.evictions;
      this.#store = new AnswerStore(this.#options.maxBytes, this.#hash);
      this.#records = this.#store.records;
    }
    this.forget(name);
    return count;
  }

  /** Counters. */
  statistics(): CacheStatistics {
    return {
      entries: this.#store.count,
      bytes: this.#store.octets,
      maxBytes: this.#options.maxBytes,
      hits: this.#hits,
      misses: this.#misses,
      evictions: this.#evictions + this.#store.evictions,
    };
  }

  #fallback(asked: AskedQuestion): number {
    const at = this.#use(asked, asked.keyFlags);
    if (at >= 0 && this.#isAnswer(at)) return at;
    const other = this.#use(asked, asked.keyFlags ^ KEY_DO);
    return other >= 0 && this.#isAnswer(other) ? other : -1;
  }

  #postpone(at: number): void {
    this.#records.setRetryAt(at, Math.floor(this.#options.now()) + RETRY_AFTER);
  }

  /** Whether a record is an answer, not a failure, and not too old to be served as stale. */
  #isAnswer(at: number): boolean {
    if (this.#records.failures(at) > 0) return false;
    return this.#options.now() < this.#records.expiresAt(at) + this.#options.maxStale * 1000;
  }

  /** Whether an answer that was asked for `asked` times should be refreshed now. */
  #isNearItsEnd(at: number, asked: number, now: number): boolean {
    const records = this.#records;
    if (asked < MOST_ASKED || records.isRefreshSaid(at)) return false;
    const expiresAt = records.expiresAt(at);
    return now > expiresAt - (expiresAt - records.storedAt(at)) * REFRESH_PART;
  }

  /** The record for a question, unless it is outdated; it counts as used. */
  #use({ bytes, questionEnd }: AskedQuestion, keyFlags: number): number {
    const at = this.#current(this.#store.find(bytes, questionEnd - 4, keyFlags));
    if (at >= 0) this.#records.setUsed(at, true);
    return at;
  }

  /** `at`, unless that is outdated: then -1, and it is removed. */
  #current(at: number): number {
    if (at < 0 || this.#invalidations.catchUp(this.#records, at)) return at;
    this.#store.remove(at);
    return -1;
  }

  /** `lifetime` is in seconds. */
  #set(reply: PackedReply, keyFlags: number, lifetime: number, failures: number, begun: number): void {
    const at = this.#store.set({
      bytes: reply.bytes,
      questionEnd: reply.questionEnd,
      ttlOffsets: reply.ttlOffsets,
      rcode: reply.rcode,
      authenticData: reply.authenticData,
      errors: reply.extendedErrors.length === 0 ? none : reply.extendedErrors.map(toRecordError),
      keyFlags,
      failures,
      // Rounded down: a TTL may be told too short, never too long.
      storedAt: Math.floor(this.#options.now()),
      lifetime: lifetime * 1000,
      generation: begun,
    });
    this.#current(at);
  }
}
/** True when `nameKey` is `ancestor` or below it; both are `Name.key`s. */
function isWithin(nameKey: string, ancestor: string): boolean {
  for (let at = 0; nameKey.length - at >= ancestor.length; at += nameKey.charCodeAt(at) + 1) {
    if (nameKey.length - at === ancestor.length) return nameKey.startsWith(ancestor, at);
  }
  return false;
}

const none: readonly RecordError[] = [];

function toRecordError({ code, text }: ExtendedError): RecordError {
  return { code, text: Buffer.from(text, 'utf8') };
}
