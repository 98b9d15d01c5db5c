import { HEADER_LENGTH } from '../dns/message.ts';
import { ageTtl } from '../dns/ttl.ts';
import type { AnswerEntry } from './answer-entry.ts';

/** Octets of a place. What a hit reads of most answers is the first half of it: two lines of memory. */
const PLACE = 256;

/** Neighbouring places; a hash may have those of two such sets. */
const WAYS = 4;

// What stands in a place. Times are doubles, milliseconds of the cache's clock.
const REFRESH_AT = 0; // from here on it is for the cache itself: to be asked anew, or stale
const STORED_AT = 8;
const SERIAL = 16; // a number of 32 bits: how many answers had been stored when this was last moved to the recently used
const LENGTH = 20; // of the octets
const QUESTION_END = 21;
const FLAGS = 22; // those of the key, and AUTHENTIC
const TTL_COUNT = 23;
const TTL_OFFSETS = 24; // at most MAX_TTLS
const OCTETS = 32;

const MAX_TTLS = OCTETS - TTL_OFFSETS;
const MAX_OCTETS = PLACE - OCTETS;

/** In FLAGS: the AD bit may be shown. */
const AUTHENTIC = 0x80;

/** Odd, its bits mixed: the golden ratio in 32 bits. */
const SECOND_SET = 0x9e3779b1;

/** The prime of FNV-1a for 32 bits. */
const FNV_PRIME = 0x01000193;

/**
 * Copies of the small answers that are asked for again, each in one place of a few neighbouring lines of memory. With ten
 * thousand names a hit costs mostly waiting for memory: a string for the key, a table, a list, an entry and its reply are
 * a dozen lines in as many corners. This has one line of hashes and two of a place. It loses what finds no place; that is
 * found in the cache.
 */
export class FirstLevelCache {
  readonly #hashes: Int32Array;
  readonly #octets: Uint8Array;
  readonly #doubles: Float64Array;
  readonly #words: Uint32Array;
  readonly #mask: number;
  /** So that nobody outside can choose names that share a place. */
  readonly #seed: number;
  #nextWay = 0;

  /** Takes about `maxBytes` octets, which the system gives when they are used; `seed` is any number. */
  constructor(maxBytes: number, seed: number) {
    const places = Math.max(WAYS, 2 ** Math.round(Math.log2(Math.max(maxBytes, 1) / (PLACE + 4))));
    const memory = new ArrayBuffer(places * PLACE);
    this.#hashes = new Int32Array(places);
    this.#octets = new Uint8Array(memory);
    this.#doubles = new Float64Array(memory);
    this.#words = new Uint32Array(memory);
    this.#mask = places - WAYS;
    this.#seed = seed | 0;
  }

  /**
   * The hash of a question, an integer of 32 bits other than 0: of the name without case, the type, and the flags of its
   * key. `nameEnd` is the offset after the QNAME of `request`.
   */
  hash(request: Uint8Array, nameEnd: number, flags: number): number {
    let hash = this.#seed ^ flags;
    const end = nameEnd + 2;
    for (let i = HEADER_LENGTH; i < end; i++) {
      // Letters of both cases give the same, and so do a few other octets: they share a place, and nothing else.
      hash = Math.imul(hash ^ ((request[i] as number) | 0x20), FNV_PRIME);
    }
    hash ^= hash >>> 15;
    return hash === 0 ? 1 : hash;
  }

  /** The place of the answer to the question of `request`, whose hash this is; -1 when it has none or it is its time. */
  find(hash: number, request: Uint8Array, nameEnd: number, flags: number, now: number): number {
    let place = this.#findIn(this.#firstSet(hash), hash, request, nameEnd, flags);
    if (place < 0) place = this.#findIn(this.#secondSet(hash), hash, request, nameEnd, flags);
    if (place < 0) return -1;
    return now < (this.#doubles[(place * PLACE + REFRESH_AT) >>> 3] as number) ? place : -1;
  }

  /** Keeps a copy of a fresh answer without extended errors, if it is small enough. @returns its place, or -1. */
  put(hash: number, entry: AnswerEntry, refreshAt: number, serial: number): number {
    const { octets, ttlOffsets } = entry;
    if (octets.length > MAX_OCTETS || ttlOffsets.length > MAX_TTLS) return -1;
    const place = this.#placeFor(hash, entry);
    const at = place * PLACE;
    const bytes = this.#octets;
    this.#hashes[place] = hash;
    this.#doubles[(at + REFRESH_AT) >>> 3] = refreshAt;
    this.#doubles[(at + STORED_AT) >>> 3] = entry.storedAt;
    this.#words[(at + SERIAL) >>> 2] = serial;
    bytes[at + LENGTH] = octets.length;
    bytes[at + QUESTION_END] = entry.questionEnd;
    bytes[at + FLAGS] = entry.keyFlags | (entry.authenticData ? AUTHENTIC : 0);
    bytes[at + TTL_COUNT] = ttlOffsets.length;
    for (let i = 0; i < ttlOffsets.length; i++) bytes[at + TTL_OFFSETS + i] = ttlOffsets.charCodeAt(i);
    for (let i = 0; i < octets.length; i++) bytes[at + OCTETS + i] = octets.charCodeAt(i);
    entry.hash = hash;
    entry.place = place;
    return place;
  }

  /** Frees the place of an entry that the cache does not hold any more. */
  remove(entry: AnswerEntry): void {
    if (entry.place >= 0 && this.#hashes[entry.place] === entry.hash) this.#hashes[entry.place] = 0;
  }

  /** How many answers had been stored when this one was last moved to the recently used. */
  serial(place: number): number {
    return this.#words[(place * PLACE + SERIAL) >>> 2] as number;
  }

  /** Octets of the answer. */
  length(place: number): number {
    return this.#octets[place * PLACE + LENGTH] as number;
  }

  /** Whether the AD bit may be shown. */
  isAuthentic(place: number): boolean {
    return ((this.#octets[place * PLACE + FLAGS] as number) & AUTHENTIC) !== 0;
  }

  /** Writes the answer into `target` from `start` on, its TTLs run down to `now` as in `AnswerEntry.age`. */
  write(place: number, target: Buffer, start: number, now: number): void {
    const at = place * PLACE;
    const bytes = this.#octets;
    const length = bytes[at + LENGTH] as number;
    for (let i = 0; i < length; i++) target[start + i] = bytes[at + OCTETS + i] as number;
    const age = Math.ceil((now - (this.#doubles[(at + STORED_AT) >>> 3] as number)) / 1000);
    if (age <= 0) return;
    const count = bytes[at + TTL_COUNT] as number;
    for (let i = 0; i < count; i++) ageTtl(target, start + (bytes[at + TTL_OFFSETS + i] as number), age);
  }

  #firstSet(hash: number): number {
    return (hash << 2) & this.#mask;
  }

  /** With one set for each hash, a table that is full to 60 % has no place for one in eight; with two, for next to none. */
  #secondSet(hash: number): number {
    return (Math.imul(hash, SECOND_SET) >>> 13) & this.#mask;
  }

  #findIn(set: number, hash: number, request: Uint8Array, nameEnd: number, flags: number): number {
    for (let place = set; place < set + WAYS; place++) {
      if (this.#hashes[place] !== hash) continue;
      const at = place * PLACE;
      if (((this.#octets[at + FLAGS] as number) & ~AUTHENTIC) !== flags) continue;
      if (this.#isQuestion(at, request, nameEnd)) return place;
    }
    return -1;
  }

  /** Its own if it has one, one that is free, or that of another in turn. */
  #placeFor(hash: number, entry: AnswerEntry): number {
    if (entry.place >= 0 && this.#hashes[entry.place] === hash) return entry.place;
    const first = this.#firstSet(hash);
    const second = this.#secondSet(hash);
    for (let place = first; place < first + WAYS; place++) if (this.#hashes[place] === 0) return place;
    for (let place = second; place < second + WAYS; place++) if (this.#hashes[place] === 0) return place;
    this.#nextWay = (this.#nextWay + 1) % (2 * WAYS);
    return this.#nextWay < WAYS ? first + this.#nextWay : second + this.#nextWay - WAYS;
  }

  /** Whether the question of the answer at `at`, which is in lower case, is that of the request. */
  #isQuestion(at: number, request: Uint8Array, nameEnd: number): boolean {
    const bytes = this.#octets;
    if (bytes[at + QUESTION_END] !== nameEnd + 4) return false;
    for (let i = HEADER_LENGTH; i < nameEnd + 4; i++) {
      const asked = request[i] as number;
      const held = bytes[at + OCTETS + i] as number;
      if (asked === held) continue;
      // Length octets are under 64 and so never a letter; type and class have no case.
      if (i >= nameEnd || asked < 0x41 || asked > 0x5a || (asked | 0x20) !== held) return false;
    }
    return true;
  }
}
