import { isOutOfReach, type UpstreamFailure } from '../errors.ts';

/**
 * The state of an upstream.
 *
 * - `new`: no reply yet, and no failure either.
 * - `alive`: the last query was answered, or is not late yet.
 * - `late`: a query has been pending for longer than usual.
 * - `dead`: no reply for a second, or nobody listens there.
 */
export type UpstreamState = 'new' | 'alive' | 'late' | 'dead';

/** How long to wait for the first reply of a new upstream before another is asked as well, in ms. */
const FIRST_HEDGE_MS = 150;
const MIN_HEDGE_MS = 50;
const MAX_HEDGE_MS = 1000;

/** After this time without any reply to a query an upstream is dead, in ms. */
const DEAD_AFTER_MS = 1000;

/** Weight of the newest sample: RFC 6298 §2 takes 1/8 for round trips. */
const GAIN = 1 / 8;

/** What was observed of one upstream. Times are in ms of a monotonic clock, and passed in. */
export class UpstreamHealth {
  #srttMs: number | undefined;
  #success = 1;
  #lastAskedAt = Number.NEGATIVE_INFINITY;
  #lastHeardAt = Number.NEGATIVE_INFINITY;
  /** When the oldest query was sent after which no reply came. */
  #waitingSince: number | undefined;
  #outstanding = 0;
  #isDown = false;
  #hasReturned = false;
  #lastFailure: { readonly at: number; readonly failure: UpstreamFailure } | undefined;

  /** Smoothed response time in ms; undefined before the first reply. */
  get srttMs(): number | undefined {
    return this.#srttMs;
  }

  /** Smoothed share of tries that gave a usable answer, 0 to 1. */
  get success(): number {
    return this.#success;
  }

  /** When it was last asked; -Infinity if never. */
  get lastAskedAt(): number {
    return this.#lastAskedAt;
  }

  /** When a reply last came; -Infinity if never. */
  get lastHeardAt(): number {
    return this.#lastHeardAt;
  }

  /** It was dead, has replied again, and has not been asked a question since. */
  get hasReturned(): boolean {
    return this.#hasReturned;
  }

  /** A query is unanswered, or the last failure was one of the network and no reply came since. */
  get owesReply(): boolean {
    return this.#isDown || this.#waitingSince !== undefined;
  }

  /** Its last failure, and when that was. */
  get lastFailure(): { readonly at: number; readonly failure: UpstreamFailure } | undefined {
    return this.#lastFailure;
  }

  state(now: number): UpstreamState {
    if (this.#isDown) return 'dead';
    if (this.#waitingSince !== undefined) {
      const waited = now - this.#waitingSince;
      if (waited >= DEAD_AFTER_MS) return 'dead';
      if (waited >= this.hedgeAfterMs) return 'late';
    }
    return this.#srttMs === undefined ? 'new' : 'alive';
  }

  /** How long to wait for its reply before another upstream is asked as well, in ms. */
  get hedgeAfterMs(): number {
    if (this.#srttMs === undefined) return FIRST_HEDGE_MS;
    // Steps of 10 ms keep the number of timer lists small.
    const twice = Math.ceil((2 * this.#srttMs) / 10) * 10;
    return Math.min(Math.max(twice, MIN_HEDGE_MS), MAX_HEDGE_MS);
  }

  /** What upstreams are compared by, in ms: the response time, plus up to 500 ms for failures. */
  get costMs(): number {
    return (this.#srttMs ?? 0) + (1 - this.#success) * 500;
  }

  /** A try starts. Exactly one `ended` or `cancelled` follows. */
  asked(now: number, purpose: 'question' | 'probe'): void {
    this.#lastAskedAt = now;
    this.#outstanding += 1;
    this.#waitingSince ??= now;
    if (purpose === 'question') this.#hasReturned = false;
  }

  /** A reply came `rttMs` after its query. */
  heard(now: number, rttMs: number): void {
    if (this.state(now) === 'dead') this.#hasReturned = true;
    this.#isDown = false;
    this.#waitingSince = undefined;
    this.#lastHeardAt = now;
    this.#srttMs = this.#srttMs === undefined ? rttMs : this.#srttMs + (rttMs - this.#srttMs) * GAIN;
  }

  /** The try that started at `startedAt` succeeded, or failed. */
  ended(now: number, startedAt: number, failure?: UpstreamFailure): void {
    this.#outstanding -= 1;
    if (failure === undefined) {
      this.#success += (1 - this.#success) * GAIN;
      return;
    }
    this.#lastFailure = { at: now, failure };
    if (failure.kind === 'reset') {
      this.#clearWait();
      return;
    }
    this.#success -= this.#success * GAIN;
    // If it replied to other queries meanwhile, only this name is the problem.
    const wasSilent = this.#lastHeardAt < startedAt;
    if (wasSilent && (isOutOfReach(failure.kind) || failure.kind === 'timed-out')) this.#isDown = true;
    this.#clearWait();
  }

  /** The try was cancelled: that says nothing about the upstream. */
  cancelled(): void {
    this.#outstanding -= 1;
    this.#clearWait();
  }

  /** It answered SERVFAIL or REFUSED, and another upstream had the answer. */
  gaveWorseAnswer(): void {
    this.#success -= this.#success * GAIN;
  }

  #clearWait(): void {
    if (this.#outstanding === 0) this.#waitingSince = undefined;
  }
}
