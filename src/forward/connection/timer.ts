import type { Clock } from '../../async/clock.ts';
import { UpstreamFailure } from '../errors.ts';

/** Timeout for establishing a connection, in ms. */
const CONNECT_MS = 2000;

/** How long a stalled connection without pending queries is kept, in ms: late replies may still come. */
const STALLED_MS = 3000;

export interface ConnectionTimerOptions {
  readonly clock: Clock;
  /** How long a connection without queries is kept, in ms. */
  readonly idleMs: number;
  /** How long nothing may be received while queries are pending, in ms. */
  readonly patienceMs: () => number;
  /** Called when the connection must be destroyed. */
  readonly expired: (failure: UpstreamFailure) => void;
  /** Called when nothing was received for that long. */
  readonly stalled: () => void;
}

/**
 * The timer of a connection: for establishing it, for silence while queries are pending, and for being idle. It starts in
 * the first state. With few queries a connection becomes busy and idle with each of them, so a timer stays that fires too early,
 * and is then set again for the remaining time.
 */
export class ConnectionTimer {
  readonly #options: ConnectionTimerOptions;
  #state: 'connecting' | 'busy' | 'idle' | 'ended' = 'connecting';
  /** When something was last received, or the first query became pending, whichever is later. */
  #quietSince: number;
  /** When an idle connection expires. */
  #expiresAt = Number.POSITIVE_INFINITY;
  #isStalled = false;
  /** `stalled` was called, and nothing has changed since. */
  #isToldStalled = false;
  #firesAt = Number.POSITIVE_INFINITY;
  #stop: () => void;

  constructor(options: ConnectionTimerOptions) {
    this.#options = options;
    const { clock, expired } = options;
    this.#quietSince = clock.now();
    this.#stop = clock.after(CONNECT_MS, () =>
      expired(new UpstreamFailure('timed-out', 'did not accept a connection')),
    );
  }

  /** Queries have been pending in silence for too long, and nothing was received since. */
  get isStalled(): boolean {
    return this.#isStalled;
  }

  /** The connection is established, and a query is pending. */
  busy(): void {
    if (this.#state === 'busy' || this.#state === 'ended') return;
    this.#state = 'busy';
    this.#isToldStalled = false;
    const now = this.#options.clock.now();
    this.#quietSince = now;
    this.#fireInTime(now);
  }

  /** The connection is established, and no query is pending. It expires at once if it takes no further queries. */
  idle(isLeaving = false): void {
    if (this.#state === 'ended') return;
    this.#state = 'idle';
    const { clock, idleMs } = this.#options;
    const now = clock.now();
    this.#expiresAt = now + (isLeaving ? 0 : this.#isStalled ? Math.min(idleMs, STALLED_MS) : idleMs);
    this.#fireInTime(now);
  }

  /** Something was received. */
  heard(): void {
    const { clock, idleMs } = this.#options;
    const now = clock.now();
    this.#quietSince = now;
    if (!this.#isStalled) return;
    this.#isStalled = false;
    this.#isToldStalled = false;
    this.#expiresAt = now + idleMs;
    if (this.#state !== 'connecting') this.#fireInTime(now);
  }

  /** The connection is closed. */
  end(): void {
    this.#state = 'ended';
    this.#stop();
  }

  get #dueAt(): number {
    if (this.#state === 'idle') return this.#expiresAt;
    const isWatched = this.#state === 'busy' && !this.#isToldStalled;
    return isWatched ? this.#quietSince + this.#options.patienceMs() : Number.POSITIVE_INFINITY;
  }

  #fireInTime(now: number): void {
    const dueAt = this.#dueAt;
    if (dueAt >= this.#firesAt) return;
    this.#stop();
    this.#firesAt = dueAt;
    // While queries are pending the socket keeps the process alive.
    this.#stop = this.#options.clock.after(dueAt - now, this.#fire, true);
  }

  readonly #fire = (): void => {
    this.#firesAt = Number.POSITIVE_INFINITY;
    const { clock, expired, stalled } = this.#options;
    const now = clock.now();
    // A timer of the system may fire a fraction of a millisecond early.
    if (this.#dueAt > now) this.#fireInTime(now);
    else if (this.#state === 'idle') expired(new UpstreamFailure('broken-connection', 'was idle'));
    else if (this.#state === 'busy') {
      this.#isStalled = true;
      this.#isToldStalled = true;
      stalled();
    }
  };
}
