import { HEADER_LENGTH } from '../dns/message.ts';
import { ageTtl } from '../dns/ttl.ts';
import { lowerCaseOctets } from './question-hash.ts';

/** Octets of a cell. Records begin at cells and consist of whole ones. */
export const CELL = 8;

/** Octets of a word. Positions are in words. */
const WORD = 4;

// The layout of a record. Fields of 32 bits, in words from its start:
const SIZE = 0; // words that it takes
const HASH = 1;
const STORED_AT = 2; // a double: milliseconds of the cache's clock
const LIFETIME = 4; // milliseconds from then until it is stale
const GENERATION = 5; // of the cache, when it was last checked
const RETRY_AFTER = 6; // milliseconds after it was stored until which a stale one is served without a refresh; 0 for none
// in octets:
const ASKED = 28; // how often it was asked for, at most MOST_ASKED
const FAILURES = 29; // in a row to find this answer, this one included, at most 255; 0 for an answer
const FLAGS = 30;
const UPPER_RCODE = 31; // the 8 bits that are not in the header
const LENGTH = 32; // of the reply; 16 bits, as those that follow
const QUESTION_END = 34;
const TTL_COUNT = 36;
const ERROR_COUNT = 38;
const REPLY = 40; // a multiple of 4; behind it the offsets of its TTLs, 16 bits each, then extended errors

/** Words before the name of the question. */
const NAME = (REPLY + HEADER_LENGTH) / WORD;

// FLAGS: the lowest bits are those of the question.
const KEY_FLAGS = 0x03;
/** The AD bit may be shown. */
const AUTHENTIC = 0x04;
/** `fresh-refresh-ahead` was said; a failure is never refreshed ahead. */
const REFRESH_SAID = 0x08;
/** It was asked for since it was last looked at for eviction. */
const USED = 0x10;
/** It is of no use any more, and waits for its memory to be reused. */
const DEAD = 0x20;

/** The number up to which it is counted how often an answer was asked for. */
export const MOST_ASKED = 2;

/** INFO-CODE and the length of the text. */
const ERROR_HEADER = 6;

/** Replies up to this length are copied octet by octet, which takes less time than to make a view of them. */
const SHORT = 160;

/** What is kept of a reply, as `PackedReply` has it, and how. */
export interface RecordContents {
  readonly bytes: Uint8Array;
  readonly questionEnd: number;
  readonly ttlOffsets: readonly number[];
  readonly rcode: number;
  readonly authenticData: boolean;
  readonly errors: readonly RecordError[];
  readonly keyFlags: number;
  readonly failures: number;
  /** Whole milliseconds of the cache's clock. */
  readonly storedAt: number;
  /** Milliseconds. */
  readonly lifetime: number;
  readonly generation: number;
}

/** An extended error; its text in UTF-8. */
export interface RecordError {
  readonly code: number;
  readonly text: Uint8Array;
}

/**
 * Cached replies as octets in one large buffer, each with a header of fixed size: an object for each would take four hundred
 * octets more than that, and work of the garbage collector. The system commits the buffer's memory when it is first written.
 *
 * `at` is everywhere the position of a record.
 */
export class AnswerRecords {
  readonly #octets: Uint8Array;
  readonly #words: Int32Array;
  readonly #doubles: Float64Array;
  readonly #view: DataView;

  /** Room for `cells` cells. */
  constructor(cells: number) {
    const buffer = new ArrayBuffer(cells * CELL);
    this.#octets = new Uint8Array(buffer);
    this.#words = new Int32Array(buffer);
    this.#doubles = new Float64Array(buffer);
    this.#view = new DataView(buffer);
  }

  /** Words that there is room for. */
  get capacity(): number {
    return this.#words.length;
  }

  /** Words that a record with these contents takes. */
  static sizeOf({ bytes, ttlOffsets, errors }: RecordContents): number {
    let octets = REPLY + bytes.length + 2 * ttlOffsets.length;
    for (const { text } of errors) octets += ERROR_HEADER + text.length;
    return wholeCells(octets);
  }

  /** Makes a record of `size` words at `at`; the question in lower case, since it is compared with others. */
  store(at: number, size: number, hash: number, contents: RecordContents): void {
    const { bytes, questionEnd, ttlOffsets, errors, failures } = contents;
    const octets = this.#octets;
    const start = at * WORD;
    this.#words[at + SIZE] = size;
    this.#words[at + HASH] = hash;
    this.#doubles[(at + STORED_AT) >>> 1] = contents.storedAt;
    this.#words[at + LIFETIME] = contents.lifetime;
    this.#words[at + GENERATION] = contents.generation;
    this.#words[at + RETRY_AFTER] = 0;
    octets[start + ASKED] = 1;
    octets[start + FAILURES] = Math.min(failures, 255);
    octets[start + FLAGS] =
      contents.keyFlags | (contents.authenticData ? AUTHENTIC : 0) | (failures > 0 ? REFRESH_SAID : 0);
    octets[start + UPPER_RCODE] = contents.rcode >>> 4;
    this.#setU16(start + LENGTH, bytes.length);
    this.#setU16(start + QUESTION_END, questionEnd);
    this.#setU16(start + TTL_COUNT, ttlOffsets.length);
    this.#setU16(start + ERROR_COUNT, errors.length);
    const reply = start + REPLY;
    if (bytes.length > SHORT) octets.set(bytes, reply);
    else for (let i = 0; i < bytes.length; i++) octets[reply + i] = bytes[i] as number;
    for (let i = HEADER_LENGTH; i < questionEnd - 4; i++)
      octets[reply + i] = lowerCaseOctets[octets[reply + i] as number] as number;
    let end = reply + bytes.length;
    for (let i = 0; i < ttlOffsets.length; i++) {
      this.#setU16(end, ttlOffsets[i] as number);
      end += 2;
    }
    for (const { code, text } of errors) {
      this.#setU16(end, code);
      this.#view.setUint32(end + 2, text.length, true);
      octets.set(text, end + ERROR_HEADER);
      end += ERROR_HEADER + text.length;
    }
  }

  /**
   * Whether the record is for this question. `nameEnd` is the offset after the QNAME of `message`, and `words` are those of
   * `QuestionHash`.
   */
  isFor(at: number, words: Int32Array, message: Uint8Array, nameEnd: number, keyFlags: number): boolean {
    const octets = this.#octets;
    const start = at * WORD;
    if (((octets[start + FLAGS] as number) & KEY_FLAGS) !== keyFlags) return false;
    if (this.#u16(start + QUESTION_END) !== nameEnd + 4) return false;
    const ofName = (nameEnd - HEADER_LENGTH) >>> 2;
    const name = at + NAME;
    for (let i = 0; i < ofName; i++) if (this.#words[name + i] !== words[i]) return false;
    const reply = start + REPLY;
    for (let i = HEADER_LENGTH + ofName * WORD; i < nameEnd; i++)
      if (octets[reply + i] !== lowerCaseOctets[message[i] as number]) return false;
    for (let i = nameEnd; i < nameEnd + 4; i++) if (octets[reply + i] !== message[i]) return false;
    return true;
  }

  /** Moves a record to `to`, which may overlap it from below, and leaves behind what it does not need. @returns its words. */
  move(at: number, to: number): number {
    const size = this.#needed(at);
    if (at !== to) this.#words.copyWithin(to, at, at + size);
    this.#words[to + SIZE] = size;
    return size;
  }

  /** Writes the reply to `target` at `start`, its TTLs reduced by its age at `now`, but neither the ID nor the question. */
  write(at: number, target: Buffer, start: number, now: number): void {
    const octets = this.#octets;
    const from = at * WORD + REPLY;
    const length = this.length(at);
    for (let i = 2; i < HEADER_LENGTH; i++) target[start + i] = octets[from + i] as number;
    const questionEnd = this.questionEnd(at);
    if (length - questionEnd > SHORT) {
      target.set(octets.subarray(from + questionEnd, from + length), start + questionEnd);
    } else {
      for (let i = questionEnd; i < length; i++) target[start + i] = octets[from + i] as number;
    }
    const age = this.age(at, now);
    if (age <= 0) return;
    const end = from + length + 2 * this.#u16(at * WORD + TTL_COUNT);
    for (let offset = from + length; offset < end; offset += 2)
      ageTtl(target, start + this.#u16(offset), age);
  }

  /** Words that the record takes. */
  size(at: number): number {
    return this.#words[at + SIZE] as number;
  }

  hash(at: number): number {
    return this.#words[at + HASH] as number;
  }

  /** Octets of the reply. */
  length(at: number): number {
    return this.#u16(at * WORD + LENGTH);
  }

  questionEnd(at: number): number {
    return this.#u16(at * WORD + QUESTION_END);
  }

  keyFlags(at: number): number {
    return this.#flags(at) & KEY_FLAGS;
  }

  failures(at: number): number {
    return this.#octets[at * WORD + FAILURES] as number;
  }

  hasErrors(at: number): boolean {
    return this.#u16(at * WORD + ERROR_COUNT) !== 0;
  }

  /** 12 bits. */
  rcode(at: number): number {
    const start = at * WORD;
    return (
      ((this.#octets[start + UPPER_RCODE] as number) << 4) |
      ((this.#octets[start + REPLY + 3] as number) & 15)
    );
  }

  isAuthentic(at: number): boolean {
    return (this.#flags(at) & AUTHENTIC) !== 0;
  }

  /** Milliseconds of the cache's clock. */
  storedAt(at: number): number {
    return this.#doubles[(at + STORED_AT) >>> 1] as number;
  }

  /** Whole seconds since it was stored, rounded up. */
  age(at: number, now: number): number {
    return Math.ceil((now - this.storedAt(at)) / 1000);
  }

  /** From this time it is stale. */
  expiresAt(at: number): number {
    return this.storedAt(at) + (this.#words[at + LIFETIME] as number);
  }

  /** Makes it stale from `time` on, if it is not before. */
  expireAt(at: number, time: number): void {
    const lifetime = time - this.storedAt(at);
    if (lifetime < (this.#words[at + LIFETIME] as number))
      this.#words[at + LIFETIME] = Math.max(lifetime, MOST_NEGATIVE);
  }

  /** The generation in which it was last checked, modulo 2^32. */
  generation(at: number): number {
    return (this.#words[at + GENERATION] as number) >>> 0;
  }

  setGeneration(at: number, generation: number): void {
    this.#words[at + GENERATION] = generation;
  }

  /** Until this time a stale one is served without a refresh; 0 for none. */
  retryAt(at: number): number {
    const after = this.#words[at + RETRY_AFTER] as number;
    return after === 0 ? 0 : this.storedAt(at) + after;
  }

  setRetryAt(at: number, time: number): void {
    this.#words[at + RETRY_AFTER] = time === 0 ? 0 : time - this.storedAt(at);
  }

  /** How often it was asked for, at most `MOST_ASKED`. */
  asked(at: number): number {
    return this.#octets[at * WORD + ASKED] as number;
  }

  countAsked(at: number): void {
    const asked = this.asked(at);
    // Memory that is only read stays clean in the caches of the processor.
    if (asked < MOST_ASKED) this.#octets[at * WORD + ASKED] = asked + 1;
  }

  isRefreshSaid(at: number): boolean {
    return (this.#flags(at) & REFRESH_SAID) !== 0;
  }

  sayRefresh(at: number): void {
    this.#setFlags(at, this.#flags(at) | REFRESH_SAID);
  }

  /** Whether it was asked for since it was last looked at for eviction. */
  isUsed(at: number): boolean {
    return (this.#flags(at) & USED) !== 0;
  }

  setUsed(at: number, isUsed: boolean): void {
    const flags = this.#flags(at);
    const next = isUsed ? flags | USED : flags & ~USED;
    if (next !== flags) this.#setFlags(at, next);
  }

  isDead(at: number): boolean {
    return (this.#flags(at) & DEAD) !== 0;
  }

  kill(at: number): void {
    this.#setFlags(at, DEAD);
  }

  /** The octets of the name of its question, in lower case, one in each character: a `Name.key`. */
  nameKey(at: number): string {
    const reply = at * WORD + REPLY;
    const end = reply + this.questionEnd(at) - 4;
    return Buffer.from(this.#octets.buffer, reply + HEADER_LENGTH, end - reply - HEADER_LENGTH).toString(
      'latin1',
    );
  }

  /** A copy of the octets of the reply. */
  bytes(at: number): Uint8Array {
    const from = at * WORD + REPLY;
    return this.#octets.slice(from, from + this.length(at));
  }

  ttlOffsets(at: number): number[] {
    const start = at * WORD;
    const from = start + REPLY + this.length(at);
    return Array.from({ length: this.#u16(start + TTL_COUNT) }, (_, index) => this.#u16(from + 2 * index));
  }

  errors(at: number): RecordError[] {
    const start = at * WORD;
    let from = start + REPLY + this.length(at) + 2 * this.#u16(start + TTL_COUNT);
    return Array.from({ length: this.#u16(start + ERROR_COUNT) }, () => {
      const code = this.#u16(from);
      const end = from + ERROR_HEADER + this.#view.getUint32(from + 2, true);
      const text = this.#octets.slice(from + ERROR_HEADER, end);
      from = end;
      return { code, text };
    });
  }

  /** Words that it needs; it may take more. */
  #needed(at: number): number {
    const start = at * WORD;
    let octets = REPLY + this.length(at) + 2 * this.#u16(start + TTL_COUNT);
    const count = this.#u16(start + ERROR_COUNT);
    for (let i = 0; i < count; i++) octets += ERROR_HEADER + this.#view.getUint32(start + octets + 2, true);
    return wholeCells(octets);
  }

  #flags(at: number): number {
    return this.#octets[at * WORD + FLAGS] as number;
  }

  #setFlags(at: number, flags: number): void {
    this.#octets[at * WORD + FLAGS] = flags;
  }

  #u16(at: number): number {
    return (this.#octets[at] as number) | ((this.#octets[at + 1] as number) << 8);
  }

  #setU16(at: number, value: number): void {
    this.#octets[at] = value;
    this.#octets[at + 1] = value >>> 8;
  }
}

/** The smallest integer of 32 bits. */
const MOST_NEGATIVE = -(2 ** 31);

/** Words of whole cells for so many octets. */
function wholeCells(octets: number): number {
  return Math.ceil(octets / CELL) * (CELL / WORD);
}
