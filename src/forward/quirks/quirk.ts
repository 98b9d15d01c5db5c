import type { Clock } from '../../async/clock.ts';

/** How long a quirk is believed, in ms. */
const REMEMBERED_MS = 15 * 60_000;

/** Signs in a row that make a quirk: one may be an accident of the network, or an attacker's doing. */
const SIGNS = 2;

/** One thing that an upstream does wrong, as far as was seen. */
export class Quirk {
  readonly #clock: Clock;
  #signs = 0;
  #until = Number.NEGATIVE_INFINITY;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** Whether to reckon with it now. */
  get isKnown(): boolean {
    return this.#clock.now() < this.#until;
  }

  /** It was seen beyond doubt. */
  establish(): void {
    this.#until = this.#clock.now() + REMEMBERED_MS;
  }

  /** It looked as if. Twice in a row establishes it. */
  sign(): void {
    this.#signs += 1;
    if (this.#signs < SIGNS) return;
    this.#signs = 0;
    this.establish();
  }

  /** The upstream did right: earlier signs and knowledge count no more. */
  disprove(): void {
    this.#signs = 0;
    this.#until = Number.NEGATIVE_INFINITY;
  }
}
