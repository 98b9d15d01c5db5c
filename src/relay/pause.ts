import { secondOf } from './http-date.ts';

/** Milliseconds of the first pause after a failure; doubled with each further one up to the longest. */
const FIRST_PAUSE = 1_000;
const LONGEST_PAUSE = 5 * 60_000;
/** Milliseconds after a 429 without `Retry-After`. */
const DEFAULT_LIMIT = 10_000;
/** Milliseconds of a `Retry-After` that are obeyed at most. */
const LONGEST_LIMIT = 60 * 60_000;

/** When a relay may be asked again: exponential back-off after failures, and the rate limits that it sets. */
export class RelayPause {
  readonly #now: () => number;
  readonly #nowWall: () => number;
  #failures = 0;
  #failedUntil = Number.NEGATIVE_INFINITY;
  #limitedUntil = Number.NEGATIVE_INFINITY;

  /** `now`: milliseconds that never go back; `nowWall`: since 1970. */
  constructor(clocks: { readonly now: () => number; readonly nowWall: () => number }) {
    this.#now = clocks.now;
    this.#nowWall = clocks.nowWall;
  }

  /** Milliseconds until it may be asked; 0 when it may be now. */
  left(): number {
    return Math.max(0, Math.max(this.#failedUntil, this.#limitedUntil) - this.#now());
  }

  /** Milliseconds that are left of the pause after a failure. */
  failureLeft(): number {
    return Math.max(0, this.#failedUntil - this.#now());
  }

  /** It answered 429. @returns the milliseconds until it may be asked. */
  limited(retryAfter: string | undefined): number {
    const forMs = this.#millisecondsOf(retryAfter) ?? DEFAULT_LIMIT;
    this.#limitedUntil = this.#now() + forMs;
    return forMs;
  }

  /** It could not be reached or could not answer, and may have said for how long. */
  failed(retryAfter?: string): void {
    const doubled = Math.min(LONGEST_PAUSE, FIRST_PAUSE * 2 ** Math.min(this.#failures++, 20));
    this.#failedUntil = this.#now() + Math.max(doubled, this.#millisecondsOf(retryAfter) ?? 0);
  }

  /** It answered, or earlier failures say nothing any more. A rate limit remains. */
  resetFailures(): void {
    this.#failures = 0;
    this.#failedUntil = Number.NEGATIVE_INFINITY;
  }

  /** RFC 9110 §10.2.3: "The Retry-After field value can be either an HTTP-date or a number of seconds to delay". */
  #millisecondsOf(text: string | undefined): number | undefined {
    if (text === undefined) return undefined;
    const value = /^\d{1,10}$/.test(text) ? Number(text) * 1000 : this.#untilDate(text);
    return value === undefined ? undefined : Math.min(LONGEST_LIMIT, Math.max(FIRST_PAUSE, value));
  }

  #untilDate(text: string): number | undefined {
    const second = secondOf(text, this.#nowWall());
    return second === undefined ? undefined : second * 1000 - this.#nowWall();
  }
}
