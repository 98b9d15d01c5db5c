import { isOutOfReach, type UpstreamFailure } from '../errors.ts';

/**
 * What an upstream is taken to be.
 *
 * - `new`: never heard, and nothing bad known.
 * - `alive`: the last that was asked was answered, or may still be in time.
 * - `late`: something waits for it longer than it usually takes.
 * - `dead`: nothing came for a second, or nobody listens there.
 */
export type UpstreamState = 'new' | 'alive' | 'late' | 'dead';

/** How long a first reply is awaited before the next upstream is asked too, in ms. */
const FIRST_HEDGE_MS = 150;
const MIN_HEDGE_MS = 50;
const MAX_HEDGE_MS = 1000;

/** How long nothing at all may come from an upstream that was asked, in ms. */
const DEAD_AFTER_MS = 1000;

/** Weight of the newest sample: RFC 6298 §2 takes 1/8 for round trips. */
const GAIN = 1 / 8;

/** What was seen of one upstream. Every time is given to it, in ms of one monotonic clock. */
export class UpstreamHealth {
  #srttMs: number | undefined;
  #success = 1;
  #lastAskedAt = Number.NEGATIVE_INFINITY;
  #lastHeardAt = Number.NEGATIVE_INFINITY;
  /** When the oldest query was sent that nothing came after. */
  #waitingSince: number | undefined;
  #outstanding = 0;
  #isDown = false;
  #hasReturned = false;
  #lastFailure: { readonly at: number; readonly failure: UpstreamFailure } | undefined;

  /** Smoothed round trip in ms, the upstream's own work included; undefined before the first reply. */
  get srttMs(): number | undefined {
    return this.#srttMs;
  }

  /** Smoothed share of tries that gave a usable answer, 0 to 1. */
  get success(): number {
    return this.#success;
  }

  /** When it was last asked; minus infinity when never. */
  get lastAskedAt(): number {
    return this.#lastAskedAt;
  }

  /** When a reply last came; minus infinity when never. */
  get lastHeardAt(): number {
    return this.#lastHeardAt;
  }

  /** True from the reply that ended a death until the next question is put to it. */
  get hasReturned(): boolean {
    return this.#hasReturned;
  }

  /** True while nothing has come since it was asked last, and from a failure of the network to the next reply. */
  get owesReply(): boolean {
    return this.#isDown || this.#waitingSince !== undefined;
  }

  /** What it failed with last, and when. */
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

  /** How long its reply is awaited before another upstream is asked too, in ms. */
  get hedgeAfterMs(): number {
    if (this.#srttMs === undefined) return FIRST_HEDGE_MS;
    // Whole steps of 10 ms keep the number of different timers small.
    const twice = Math.ceil((2 * this.#srttMs) / 10) * 10;
    return Math.min(Math.max(twice, MIN_HEDGE_MS), MAX_HEDGE_MS);
  }

  /** What a choice goes by, in ms: the round trip, and half a second for a certain failure. */
  get costMs(): number {
    return (this.#srttMs ?? 0) + (1 - this.#success) * 500;
  }

  /** A try begins; each is followed by one `ended` or `cancelled`. */
  asked(now: number, purpose: 'question' | 'probe'): void {
    this.#lastAskedAt = now;
    this.#outstanding += 1;
    this.#waitingSince ??= now;
    if (purpose === 'question') this.#hasReturned = false;
  }

  /** A reply came, `rttMs` after its query. */
  heard(now: number, rttMs: number): void {
    if (this.state(now) === 'dead') this.#hasReturned = true;
    this.#isDown = false;
    this.#waitingSince = undefined;
    this.#lastHeardAt = now;
    this.#srttMs = this.#srttMs === undefined ? rttMs : this.#srttMs + (rttMs - this.#srttMs) * GAIN;
  }

  /** The try that began at `startedAt` is over, well or with a failure. */
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
    // One name may be unanswerable for an upstream that answers others.
    const wasSilent = this.#lastHeardAt < startedAt;
    if (wasSilent && (isOutOfReach(failure.kind) || failure.kind === 'timed-out')) this.#isDown = true;
    this.#clearWait();
  }

  /** The try is over because nobody wants its answer any more: that tells nothing. */
  cancelled(): void {
    this.#outstanding -= 1;
    this.#clearWait();
  }

  /** It answered SERVFAIL or REFUSED where another upstream knew the answer. */
  outdone(): void {
    this.#success -= this.#success * GAIN;
  }

  #clearWait(): void {
    if (this.#outstanding === 0) this.#waitingSince = undefined;
  }
}
