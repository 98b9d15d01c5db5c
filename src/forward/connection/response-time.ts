/** How long a connection may be silent while queries are pending before another one is tried, in ms. */
const FIRST_PATIENCE_MS = 500;
const MIN_PATIENCE_MS = 200;
const MAX_PATIENCE_MS = 1000;
/** The same as a multiple of the smoothed response time. */
const PATIENCE_FACTOR = 4;

/** Weight of the newest sample: RFC 6298 §2 takes 1/8 for round trips. */
const GAIN = 1 / 8;

/** The smoothed time from query to reply at one server. */
export class ResponseTime {
  #ms: number | undefined;

  /** How long nothing may be received while queries are pending, in ms. */
  get patienceMs(): number {
    if (this.#ms === undefined) return FIRST_PATIENCE_MS;
    return Math.min(Math.max(this.#ms * PATIENCE_FACTOR, MIN_PATIENCE_MS), MAX_PATIENCE_MS);
  }

  /** A reply came after so many ms. */
  measure(ms: number): void {
    this.#ms = this.#ms === undefined ? ms : this.#ms + (ms - this.#ms) * GAIN;
  }

  /** On another network it is another one. */
  forget(): void {
    this.#ms = undefined;
  }
}
