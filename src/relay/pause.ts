import type { Timestamp } from '../pkarr/timestamp.ts';

/** Milliseconds of the first pause after a failure; doubled with each further one up to the longest. */
const FIRST_PAUSE = 1_000;
const LONGEST_PAUSE = 5 * 60_000;
/** Milliseconds of a 429 that does not say how long. */
const UNSAID = 10_000;
/** A relay may ask to be left alone for so long, in milliseconds; what it says beyond is not believed. */
const MOST_ASKED = 60 * 60_000;

/** When a relay may be asked again. */
export class RelayPause {
  readonly #now: () => number;
  readonly #nowWall: () => number;
  #failures = 0;
  /** Until when the failures keep us away, and until when its own wish does. */
  #failedUntil = Number.NEGATIVE_INFINITY;
  #askedUntil = Number.NEGATIVE_INFINITY;

  /** `now`: milliseconds that never go back; `nowWall`: since 1970. */
  constructor(clocks: { readonly now: () => number; readonly nowWall: () => number }) {
    this.#now = clocks.now;
    this.#nowWall = clocks.nowWall;
  }

  /** Milliseconds until it may be asked; 0 when it may now. */
  left(): number {
    return Math.max(0, Math.max(this.#failedUntil, this.#askedUntil) - this.#now());
  }

  /** It asked to be left alone, and said how long, or did not. Gives the milliseconds. */
  asked(retryAfter: string | undefined): number {
    const forMs = this.#millisecondsOf(retryAfter) ?? UNSAID;
    this.#askedUntil = this.#now() + forMs;
    return forMs;
  }

  /** It could not be reached, or could not answer; it may have said for how long. */
  failed(retryAfter?: string): void {
    const doubled = Math.min(LONGEST_PAUSE, FIRST_PAUSE * 2 ** Math.min(this.#failures++, 20));
    this.#failedUntil = this.#now() + Math.max(doubled, this.#millisecondsOf(retryAfter) ?? 0);
  }

  /** It answered, or the failures no longer count. */
  succeeded(): void {
    this.#failures = 0;
    this.#failedUntil = Number.NEGATIVE_INFINITY;
  }

  /** RFC 9110 §10.2.3: "The Retry-After field value can be either an HTTP-date or a number of seconds to delay". */
  #millisecondsOf(text: string | undefined): number | undefined {
    if (text === undefined) return undefined;
    const value = /^\d{1,10}$/.test(text) ? Number(text) * 1000 : Date.parse(text) - this.#nowWall();
    return Number.isNaN(value) ? undefined : Math.min(MOST_ASKED, Math.max(FIRST_PAUSE, value));
  }
}

/**
 * A timestamp as an HTTP date, which has whole seconds: the second that it lies in, so that what is newer by less than a
 * second is still newer. Undefined for what has none: before 1970 and after the year 9999.
 */
export function httpDate(timestamp: Timestamp): string | undefined {
  if (timestamp < 0n || timestamp > LAST_DATE) return undefined;
  return new Date(Number(timestamp / 1_000_000n) * 1000).toUTCString();
}

/** 9999-12-31T23:59:59Z in microseconds: RFC 9110 §5.6.7 has four digits for the year. */
const LAST_DATE = 253_402_300_799_000_000n;
