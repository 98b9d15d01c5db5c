import { HEADER_LENGTH } from '../dns/message.ts';
import { ageTtl } from '../dns/ttl.ts';
import type { AnswerEntry } from './answer-entry.ts';

/** Octets of a slot. A hit on most answers reads the first half: two cache lines. */
const SLOT = 256;

/** Slots of a set. Each hash has two sets. */
const WAYS = 4;

// The layout of a slot. Times are doubles, milliseconds of the cache's clock; serial and generation are 32 bits.
const REFRESH_AT = 0; // from this time the second level decides: to be refreshed, or stale
const STORED_AT = 8;
const SERIAL = 16; // how many answers had been stored when this one last counted as used
const GENERATION = 20; // of the cache, when it was last checked
const LENGTH = 24; // of the octets
const QUESTION_END = 25;
const FLAGS = 26; // those of the key, and AUTHENTIC
const TTL_COUNT = 27;
const TTL_OFFSETS = 28; // at most MAX_TTLS
const OCTETS = 36;

const MAX_TTLS = OCTETS - TTL_OFFSETS;
const MAX_OCTETS = SLOT - OCTETS;

/** In FLAGS: the AD bit may be shown. */
const AUTHENTIC = 0x80;

/** Odd, its bits mixed: the golden ratio in 32 bits. */
const SECOND_SET = 0x9e3779b1;

/** The prime of FNV-1a for 32 bits. */
const FNV_PRIME = 0x01000193;

/**
 * Copies of small answers that were asked for again, each in one slot of adjacent cache lines: a set-associative cache. With
 * ten thousand names a hit mostly waits for memory: key string, hash table, list, entry and reply are a dozen cache lines all
 * over the heap. Here it reads one line of hashes and two of a slot. An answer that finds no free slot evicts another, which
 * is then found in the second level.
 */
export class FirstLevelCache {
  readonly #hashes: Int32Array;
  readonly #octets: Uint8Array;
  readonly #doubles: Float64Array;
  readonly #words: Uint32Array;
  readonly #mask: number;
  /** Random, so that nobody outside can choose names that collide. */
  readonly #seed: number;
  #nextWay = 0;

  /** Takes about `maxBytes` octets, which the system commits when they are used; `seed` is any number. */
  constructor(maxBytes: number, seed: number) {
    const slots = Math.max(WAYS, 2 ** Math.round(Math.log2(Math.max(maxBytes, 1) / (SLOT + 4))));
    const memory = new ArrayBuffer(slots * SLOT);
    this.#hashes = new Int32Array(slots);
    this.#octets = new Uint8Array(memory);
    this.#doubles = new Float64Array(memory);
    this.#words = new Uint32Array(memory);
    this.#mask = slots - WAYS;
    this.#seed = seed | 0;
  }

  /** Octets that it takes when it is full. */
  get byteLength(): number {
    return this.#hashes.byteLength + this.#octets.byteLength;
  }

  /**
   * The hash of a question, an integer of 32 bits other than 0: of the name without case and the type. `nameEnd` is the
   * offset after the QNAME of `request`.
   */
  hash(request: Uint8Array, nameEnd: number): number {
    let hash = this.#seed;
    const end = nameEnd + 2;
    for (let i = HEADER_LENGTH; i < end; i++) {
      // Ignores the case of letters, and the same bit of other octets: a collision, which `#isQuestion` resolves.
      hash = Math.imul(hash ^ ((request[i] as number) | 0x20), FNV_PRIME);
    }
    hash ^= hash >>> 15;
    return hash === 0 ? 1 : hash;
  }

  /**
   * The slot of the answer to the question of `request`, whose hash this is, with these flags of the key; -1 when there is
   * none, it is of an older generation of the cache, or it is due for a refresh.
   */
  find(
    hash: number,
    request: Uint8Array,
    nameEnd: number,
    flags: number,
    generation: number,
    now: number,
  ): number {
    let slot = this.#findIn(this.#firstSet(hash), hash, request, nameEnd, flags);
    if (slot < 0) slot = this.#findIn(this.#secondSet(hash), hash, request, nameEnd, flags);
    if (slot < 0) return -1;
    const at = slot * SLOT;
    if (this.#words[(at + GENERATION) >>> 2] !== generation >>> 0) return -1;
    return now < (this.#doubles[(at + REFRESH_AT) >>> 3] as number) ? slot : -1;
  }

  /** Keeps a copy of a fresh answer without extended errors, if it is small enough. @returns its slot, or -1. */
  put(hash: number, entry: AnswerEntry, refreshAt: number, serial: number): number {
    const { octets, ttlOffsets } = entry;
    if (octets.length > MAX_OCTETS || ttlOffsets.length > MAX_TTLS) return -1;
    const slot = this.#slotFor(hash, entry);
    const at = slot * SLOT;
    const bytes = this.#octets;
    this.#hashes[slot] = hash;
    this.#doubles[(at + REFRESH_AT) >>> 3] = refreshAt;
    this.#doubles[(at + STORED_AT) >>> 3] = entry.storedAt;
    this.#words[(at + SERIAL) >>> 2] = serial;
    this.#words[(at + GENERATION) >>> 2] = entry.generation;
    bytes[at + LENGTH] = octets.length;
    bytes[at + QUESTION_END] = entry.questionEnd;
    bytes[at + FLAGS] = entry.keyFlags | (entry.authenticData ? AUTHENTIC : 0);
    bytes[at + TTL_COUNT] = ttlOffsets.length;
    for (let i = 0; i < ttlOffsets.length; i++) bytes[at + TTL_OFFSETS + i] = ttlOffsets.charCodeAt(i);
    for (let i = 0; i < octets.length; i++) bytes[at + OCTETS + i] = octets.charCodeAt(i);
    entry.hash = hash;
    entry.slot = slot;
    return slot;
  }

  /** Frees the slot of an entry that is no longer cached. */
  remove(entry: AnswerEntry): void {
    if (this.#isIn(entry.slot, entry.hash, entry)) this.#hashes[entry.slot] = 0;
  }

  /** How many answers had been stored when this one last counted as used. */
  serial(slot: number): number {
    return this.#words[(slot * SLOT + SERIAL) >>> 2] as number;
  }

  /** Octets of the answer. */
  length(slot: number): number {
    return this.#octets[slot * SLOT + LENGTH] as number;
  }

  /** Whether the AD bit may be shown. */
  isAuthentic(slot: number): boolean {
    return ((this.#octets[slot * SLOT + FLAGS] as number) & AUTHENTIC) !== 0;
  }

  /** Writes the answer to `target` at `start`, its TTLs reduced by its age at `now`. */
  write(slot: number, target: Buffer, start: number, now: number): void {
    const at = slot * SLOT;
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

  /** With one set for each hash, one answer in eight has no slot when the table is 60 % full; with two, almost none. */
  #secondSet(hash: number): number {
    return (Math.imul(hash, SECOND_SET) >>> 13) & this.#mask;
  }

  #findIn(set: number, hash: number, request: Uint8Array, nameEnd: number, flags: number): number {
    for (let slot = set; slot < set + WAYS; slot++) {
      if (this.#hashes[slot] !== hash) continue;
      const at = slot * SLOT;
      if (((this.#octets[at + FLAGS] as number) & ~AUTHENTIC) !== flags) continue;
      if (this.#isQuestion(at, request, nameEnd)) return slot;
    }
    return -1;
  }

  /** The slot that it has, else a free one, else one of another answer, round robin. */
  #slotFor(hash: number, entry: AnswerEntry): number {
    if (this.#isIn(entry.slot, hash, entry)) return entry.slot;
    const first = this.#firstSet(hash);
    const second = this.#secondSet(hash);
    for (let slot = first; slot < first + WAYS; slot++) if (this.#hashes[slot] === 0) return slot;
    for (let slot = second; slot < second + WAYS; slot++) if (this.#hashes[slot] === 0) return slot;
    this.#nextWay = (this.#nextWay + 1) % (2 * WAYS);
    return this.#nextWay < WAYS ? first + this.#nextWay : second + this.#nextWay - WAYS;
  }

  /** Whether the copy in `slot` is still that of `entry`. */
  #isIn(slot: number, hash: number, { keyFlags }: AnswerEntry): boolean {
    if (slot < 0 || this.#hashes[slot] !== hash) return false;
    return ((this.#octets[slot * SLOT + FLAGS] as number) & ~AUTHENTIC) === keyFlags;
  }

  /** Whether the answer at `at`, whose question is in lower case, is for the question of the request. */
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
