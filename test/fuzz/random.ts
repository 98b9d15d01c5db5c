import { randomFrom } from '../support/random.ts';

/** Choices that are the same in every run with the same seed. */
export class Random {
  readonly #next: () => number;

  constructor(seed: number) {
    this.#next = randomFrom(seed);
  }

  /** A whole number from 0 to `below` − 1. */
  int(below: number): number {
    return Math.floor(this.#next() * below);
  }

  /** True in `share` of all cases, 0 to 1. */
  chance(share: number): boolean {
    return this.#next() < share;
  }

  /** One of a list that is not empty. */
  pick<T>(list: readonly T[]): T {
    return list[this.int(list.length)] as T;
  }

  /** That many random octets. */
  octets(length: number): Uint8Array {
    return Uint8Array.from({ length }, () => this.int(256));
  }

  /** Between 0 and `most` results of `make`. */
  some<T>(most: number, make: () => T): T[] {
    return Array.from({ length: this.int(most + 1) }, make);
  }
}
