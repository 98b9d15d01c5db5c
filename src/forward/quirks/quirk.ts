import type { Clock } from '../../async/clock.ts';

/** How long a quirk is remembered, in ms. */
const REMEMBERED_MS = 15 * 60_000;

/** Suspicions in a row that establish a quirk: a single one may be packet loss, or an attack. */
const SUSPICIONS = 2;

/** Something that an upstream does not do as others do, as far as observed. */
export class Quirk {
  readonly #clock: Clock;
  #suspicions = 0;
  #until = Number.NEGATIVE_INFINITY;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** Whether it is currently established. */
  get isKnown(): boolean {
    return this.#until !== Number.NEGATIVE_INFINITY && this.#clock.now() < this.#until;
  }

  /** There is proof of it. */
  establish(): void {
    this.#until = this.#clock.now() + REMEMBERED_MS;
  }

  /** There is a sign of it. Two in a row establish it. */
  suspect(): void {
    this.#suspicions += 1;
    if (this.#suspicions < SUSPICIONS) return;
    this.#suspicions = 0;
    this.establish();
  }

  /** The upstream did as others do: forgets the quirk and earlier signs. */
  clear(): void {
    this.#suspicions = 0;
    this.#until = Number.NEGATIVE_INFINITY;
  }
}
