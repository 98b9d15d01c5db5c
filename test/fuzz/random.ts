/** Choices that are the same in every run with the same seed (mulberry32). */
export class Random {
  #state: number;

  constructor(seed: number) {
    this.#state = seed | 0;
  }

  /** A whole number from 0 to 2^32 − 1. */
  u32(): number {
    this.#state = (this.#state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(this.#state ^ (this.#state >>> 15), this.#state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return (mixed ^ (mixed >>> 14)) >>> 0;
  }

  /** A whole number from 0 to `below` − 1. */
  int(below: number): number {
    return Math.floor((this.u32() / 2 ** 32) * below);
  }

  /** True in `share` of all cases, 0 to 1. */
  chance(share: number): boolean {
    return this.u32() < share * 2 ** 32;
  }

  /** One of a list that is not empty. */
  pick<T>(list: readonly T[]): T {
    return list[this.int(list.length)] as T;
  }

  /** That many random octets. */
  octets(length: number): Uint8Array {
    const octets = new Uint8Array(length);
    for (let at = 0; at < length; at++) octets[at] = this.u32();
    return octets;
  }

  /** Between 0 and `most` results of `make`. */
  some<T>(most: number, make: (index: number) => T): T[] {
    return Array.from({ length: this.int(most + 1) }, (_, index) => make(index));
  }
}
