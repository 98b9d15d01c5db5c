import { AnswerRecords, CELL, type RecordContents } from './answer-records.ts';
import { HashIndex, SLOT, WAYS } from './hash-index.ts';
import type { QuestionHash } from './question-hash.ts';

/** Octets of the whole for each slot of the index: answers with one address take 88 to 112, so two thirds of the slots fill. */
const OCTETS_PER_SLOT = 64;

/**
 * Slots of the index at first, and up to which it grows twofold: a small one stays in the caches of the processor. From there
 * it grows to its full size at once, for each time takes longer: 10 ms then.
 */
const FIRST_SLOTS = 1024;
const MOST_DOUBLED_SLOTS = 2 ** 18;

/** Words of a cell. */
const CELL_WORDS = CELL / 4;

/** The part of the memory that one record may take. */
const LARGEST_PART = 1 / 4;

/** While more than this part of the memory is dead, nothing is evicted that can be moved, since the dead make room. */
const DEAD_PART = 1 / 8;

/** Words that passing over a dead record counts for. */
const PASSING = 4;

/**
 * Words of others that are moved for a record at most: so many for each of its own, and as many as some answers. It bounds
 * what one insertion costs, whatever was stored and used before. With an eighth dead, one word in eight that the tail passes
 * is free, so that the tail is as fast as the head.
 */
const MOVED_PER_WORD = 8;
const MOVED_AT_LEAST = 256;

/**
 * Records by question in a fixed amount of memory, which is a log without an end: a new record is written at the head, and
 * makes room for itself at the tail, where the oldest record is evicted, or written at the head again if it was used since
 * (CLOCK, which comes close to LRU without a list, and writes nothing but a bit for a use). So records of any size are next to
 * each other, without size classes, and what is replaced is free again after a turn of the log at the latest; most
 * replacements have the length of the older one, and take its place.
 *
 * `at` is everywhere the position of a record, -1 for none. Any insertion may move or evict records.
 */
export class AnswerStore {
  readonly #hash: QuestionHash;
  #index: HashIndex;
  readonly #mostSlots: number;
  readonly #records: AnswerRecords;
  /** Words that live records and dead ones take. */
  #live = 0;
  #dead = 0;
  #count = 0;
  #evictions = 0;
  #changes = 0;
  // In words. The log is from the tail to the head; if it wraps around, to its end and from 0 to the head.
  #head = 0;
  #tail = 0;
  #end = 0;
  #isWrapped = false;

  /** Takes at most `maxOctets` octets. */
  constructor(maxOctets: number, hash: QuestionHash) {
    this.#hash = hash;
    this.#mostSlots = Math.floor(maxOctets / OCTETS_PER_SLOT);
    const cells = Math.max(0, Math.floor((maxOctets - this.#mostSlots * SLOT) / CELL));
    this.#index = new HashIndex(Math.min(FIRST_SLOTS, this.#mostSlots), cells);
    this.#records = new AnswerRecords(cells);
  }

  /** The memory of the records. */
  get records(): AnswerRecords {
    return this.#records;
  }

  get count(): number {
    return this.#count;
  }

  /** Octets that records take. */
  get octets(): number {
    return this.#live * 4;
  }

  /** Records that were removed for others. */
  get evictions(): number {
    return this.#evictions;
  }

  /** Another number whenever a record has come, gone or been moved. */
  get changes(): number {
    return this.#changes;
  }

  /** The record for the question of `message`, whose name ends before `nameEnd`. */
  find(message: Uint8Array, nameEnd: number, keyFlags: number): number {
    const hash = this.#hash.of(message, nameEnd);
    const at = this.#findIn(this.#index.firstBucket(hash), hash, message, nameEnd, keyFlags);
    if (at >= 0) return at;
    return this.#findIn(this.#index.secondBucket(hash), hash, message, nameEnd, keyFlags);
  }

  #findIn(bucket: number, hash: number, message: Uint8Array, nameEnd: number, keyFlags: number): number {
    for (let slot = bucket; slot < bucket + WAYS; slot++) {
      const candidate = this.#index.candidate(slot, hash);
      if (candidate < 0) continue;
      const at = candidate * CELL_WORDS;
      if (this.#records.isFor(at, this.#hash.words, message, nameEnd, keyFlags)) return at;
    }
    return -1;
  }

  /** Keeps a record for its question, in the place of an older one. @returns -1 when it is too large to be kept. */
  set(contents: RecordContents): number {
    const { bytes, questionEnd, keyFlags } = contents;
    const size = AnswerRecords.sizeOf(contents);
    const nameEnd = questionEnd - 4;
    const hash = this.#hash.of(bytes, nameEnd);
    const older = this.find(bytes, nameEnd, keyFlags);
    if (older >= 0) {
      const room = this.#records.size(older);
      // What it does not need is wasted until it is moved: a quarter at most.
      if (size <= room && size >= room - (room >>> 2)) {
        this.#changes++;
        this.#records.store(older, room, hash, contents);
        this.#records.setUsed(older, true);
        return older;
      }
      this.remove(older);
    }
    if (size > this.#records.capacity * LARGEST_PART) return -1;
    if (!this.#index.hasRoom(hash)) this.#growIndex();
    const at = this.#makeRoom(size);
    this.#records.store(at, size, hash, contents);
    this.#index.set(this.#slotFor(hash), hash, at / CELL_WORDS);
    this.#changes++;
    this.#live += size;
    this.#count++;
    return at;
  }

  /** Removes a record. */
  remove(at: number): void {
    this.#index.clear(this.#index.slotOf(this.#records.hash(at), at / CELL_WORDS));
    this.#kill(at);
  }

  /** The positions of all records; the one that was given last may be removed meanwhile. */
  *positions(): Generator<number, void, undefined> {
    const parts = this.#isWrapped
      ? ([
          [this.#tail, this.#end],
          [0, this.#head],
        ] as const)
      : ([[this.#tail, this.#head]] as const);
    for (const [start, end] of parts) {
      for (let at = start; at < end; ) {
        const next = at + this.#records.size(at);
        if (!this.#records.isDead(at)) yield at;
        at = next;
      }
    }
  }

  /** Makes the index larger, if it may be: when a hash has no room in it, which happens when it is about half full. */
  #growIndex(): void {
    if (this.#index.slots + WAYS > this.#mostSlots) return;
    const slots = this.#index.slots * 2;
    const next = slots > MOST_DOUBLED_SLOTS ? this.#mostSlots : Math.min(slots, this.#mostSlots);
    this.#index = new HashIndex(next, this.#records.capacity / CELL_WORDS);
    for (const at of this.positions()) {
      const hash = this.#records.hash(at);
      this.#index.set(this.#slotFor(hash), hash, at / CELL_WORDS);
    }
  }

  #kill(at: number): void {
    const size = this.#records.size(at);
    this.#records.kill(at);
    this.#changes++;
    this.#live -= size;
    this.#dead += size;
    this.#count--;
  }

  /** A slot for a hash. If all are taken, the oldest of those records is evicted that were not used since they were written. */
  #slotFor(hash: number): number {
    const free = this.#index.freeSlot(hash);
    if (free >= 0) return free;
    let oldest = this.#index.firstBucket(hash);
    for (const bucket of [oldest, this.#index.secondBucket(hash)]) {
      for (let slot = bucket; slot < bucket + WAYS; slot++)
        if (this.#worth(slot) < this.#worth(oldest)) oldest = slot;
    }
    this.#kill(this.#index.position(oldest) * CELL_WORDS);
    this.#evictions++;
    return oldest;
  }

  /** Words between the tail and the record of a slot; of one that was used, more than any other has. */
  #worth(slot: number): number {
    const { capacity } = this.#records;
    const at = this.#index.position(slot) * CELL_WORDS;
    const fromTail = at < this.#tail ? at - this.#tail + capacity : at - this.#tail;
    return this.#records.isUsed(at) ? fromTail + capacity : fromTail;
  }

  /** Room for a record of `size` words at the head. */
  #makeRoom(size: number): number {
    let movable = MOVED_PER_WORD * size + MOVED_AT_LEAST;
    this.#clean(movable);
    for (;;) {
      if (!this.#isWrapped) {
        if (this.#head + size <= this.#records.capacity) break;
        this.#end = this.#head;
        this.#head = 0;
        this.#isWrapped = true;
      } else if (this.#tail === this.#end) {
        this.#tail = 0;
        this.#isWrapped = false;
      } else if (this.#head + size <= this.#tail) {
        break;
      } else {
        movable -= this.#freeTail(movable);
      }
    }
    const at = this.#head;
    this.#head += size;
    return at;
  }

  /** Moves the tail over what is dead, and live records to the head: ahead of the need, since the dead can be far away. */
  #clean(movable: number): void {
    const { capacity } = this.#records;
    for (let left = movable; this.#dead > capacity * DEAD_PART; ) {
      if (this.#isWrapped && this.#tail === this.#end) {
        this.#tail = 0;
        this.#isWrapped = false;
      }
      const size = this.#records.size(this.#tail);
      if (size > left || (!this.#isWrapped && this.#head + size > capacity)) return;
      left -= this.#freeTail(left);
    }
  }

  /** Frees the oldest record, or moves it to the head. @returns the words that were moved. */
  #freeTail(movable: number): number {
    const at = this.#tail;
    const records = this.#records;
    const size = records.size(at);
    this.#tail += size;
    if (records.isDead(at)) {
      this.#dead -= size;
      return PASSING;
    }
    const hash = records.hash(at);
    const slot = this.#index.slotOf(hash, at / CELL_WORDS);
    this.#live -= size;
    this.#changes++;
    if (size <= movable && (records.isUsed(at) || this.#dead > this.#records.capacity * DEAD_PART)) {
      const to = this.#head;
      const needed = records.move(at, to);
      records.setUsed(to, false);
      this.#index.set(slot, hash, to / CELL_WORDS);
      this.#head += needed;
      this.#live += needed;
      return needed;
    }
    this.#index.clear(slot);
    this.#count--;
    this.#evictions++;
    return 0;
  }
}
