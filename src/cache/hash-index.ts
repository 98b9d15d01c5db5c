/** Octets of a slot. */
export const SLOT = 4;

/** Slots of a bucket: 32 octets, half a cache line. Each hash has two buckets. */
export const WAYS = 8;

/** Odd, their bits mixed: the golden ratio in 32 bits, and a prime of xxHash. */
const FIRST_BUCKET = 0x9e3779b1;
const SECOND_BUCKET = 0x85ebca77;

/**
 * Positions by hash, in slots of four octets: a position and as many bits of the hash as there is room for, by which nearly
 * all others are passed over without being looked at. A hash has its place in one of two buckets, so a lookup looks at 16
 * slots at most, whatever the hashes are. With a choice of two, a table that is two thirds full lacks room for one in 500.
 *
 * Positions are integers from 0 to `most`.
 */
export class HashIndex {
  readonly #slots: Int32Array;
  /** Buckets for each hash: less than 1. */
  readonly #scale: number;
  /** Bits of a slot that have the position, plus 1; 0 for a free slot. */
  readonly #positionMask: number;

  /** Has about `slots` slots, at least those of one bucket. */
  constructor(slots: number, most: number) {
    const buckets = Math.max(1, Math.round(slots / WAYS));
    this.#slots = new Int32Array(buckets * WAYS);
    this.#scale = buckets / 2 ** 32;
    this.#positionMask = 2 ** Math.ceil(Math.log2(most + 2)) - 1;
  }

  get slots(): number {
    return this.#slots.length;
  }

  /** The first slot of the first bucket of a hash, which is followed by `WAYS - 1` others. */
  firstBucket(hash: number): number {
    return this.#bucket(Math.imul(hash, FIRST_BUCKET));
  }

  /** The same of its second bucket, which may be the first. */
  secondBucket(hash: number): number {
    return this.#bucket(Math.imul(hash ^ (hash >>> 15), SECOND_BUCKET));
  }

  /** The position in a slot if it may be one of this hash, else -1. */
  candidate(slot: number, hash: number): number {
    const held = this.#slots[slot] as number;
    if (((held ^ hash) & ~this.#positionMask) !== 0) return -1;
    return (held & this.#positionMask) - 1;
  }

  /** The position in a slot; -1 when it is free. */
  position(slot: number): number {
    return ((this.#slots[slot] as number) & this.#positionMask) - 1;
  }

  /** The slot that has this position under this hash. @throws Error when none has: a bug. */
  slotOf(hash: number, position: number): number {
    const wanted = this.#slotFor(hash, position);
    const first = this.firstBucket(hash);
    for (let slot = first; slot < first + WAYS; slot++) if (this.#slots[slot] === wanted) return slot;
    const second = this.secondBucket(hash);
    for (let slot = second; slot < second + WAYS; slot++) if (this.#slots[slot] === wanted) return slot;
    throw new Error(`The index has lost position ${position}.`);
  }

  /** Whether there is a free slot for a hash. */
  hasRoom(hash: number): boolean {
    return this.#free(this.firstBucket(hash)) > 0 || this.#free(this.secondBucket(hash)) > 0;
  }

  /** A free slot for a hash; -1 when both buckets are full. */
  freeSlot(hash: number): number {
    const first = this.firstBucket(hash);
    // The first one while it has room to spare, since it is searched first; otherwise the emptier one.
    const ofFirst = this.#free(first);
    if (ofFirst >= 2) return this.#freeIn(first);
    const second = this.secondBucket(hash);
    const ofSecond = this.#free(second);
    if (ofSecond > ofFirst) return this.#freeIn(second);
    return ofFirst === 0 ? -1 : this.#freeIn(first);
  }

  /** Puts a position, of this hash, into a slot. */
  set(slot: number, hash: number, position: number): void {
    this.#slots[slot] = this.#slotFor(hash, position);
  }

  /** Frees a slot. */
  clear(slot: number): void {
    this.#slots[slot] = 0;
  }

  /** Free slots of a bucket. */
  #free(bucket: number): number {
    let free = 0;
    for (let slot = bucket; slot < bucket + WAYS; slot++) if (this.#slots[slot] === 0) free++;
    return free;
  }

  #freeIn(bucket: number): number {
    let slot = bucket;
    while (this.#slots[slot] !== 0) slot++;
    return slot;
  }

  #slotFor(hash: number, position: number): number {
    return (hash & ~this.#positionMask) | (position + 1);
  }

  /** The upper bits of a product depend on all below them, so that the bits in the slots say something beside the bucket. */
  #bucket(product: number): number {
    return (((product >>> 0) * this.#scale) | 0) * WAYS;
  }
}
