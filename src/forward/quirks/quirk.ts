import type { Clock } from '../../async/clock.ts';

/** How long a quirk is believed, in ms. */
const REMEMBERED_MS = 15 * 60_000;

/** Suspicions in a row that make a quirk: one may be an accident of the network, or an attacker's doing. */
const SUSPICIONS = 2;

/** One thing that an upstream does not do as others do, as far as was seen. */
export class Quirk {
  readonly #clock: Clock;
  #suspicions = 0;
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

  /** It looked like it. Twice in a row establishes it. */
  suspect(): void {
    this.#suspicions += 1;
    if (this.#suspicions < SUSPICIONS) return;
    this.#suspicions = 0;
    this.establish();
  }

  /** The upstream did as others do: earlier suspicions and knowledge no longer count. */
  clear(): void {
    this.#suspicions = 0;
    this.#until = Number.NEGATIVE_INFINITY;
  }
}
