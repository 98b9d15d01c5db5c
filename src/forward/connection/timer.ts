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
 * the first state.
 */
export class ConnectionTimer {
  readonly #options: ConnectionTimerOptions;
  #state: 'connecting' | 'busy' | 'idle' | 'ended' = 'connecting';
  /** When something was last received, or the first query became pending, whichever is later. */
  #quietSince: number;
  #isStalled = false;
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
    this.#quietSince = this.#options.clock.now();
    this.#watch(this.#options.patienceMs());
  }

  /** The connection is established, and no query is pending. It expires at once if it takes no further queries. */
  idle(isLeaving = false): void {
    if (this.#state === 'ended') return;
    this.#state = 'idle';
    const { idleMs } = this.#options;
    this.#endAfter(isLeaving ? 0 : this.#isStalled ? Math.min(idleMs, STALLED_MS) : idleMs);
  }

  /** Something was received. */
  heard(): void {
    this.#quietSince = this.#options.clock.now();
    if (!this.#isStalled) return;
    this.#isStalled = false;
    if (this.#state === 'busy') this.#watch(this.#options.patienceMs());
    else if (this.#state === 'idle') this.#endAfter(this.#options.idleMs);
  }

  /** The connection is closed. */
  end(): void {
    this.#state = 'ended';
    this.#stop();
  }

  #endAfter(ms: number): void {
    this.#stop();
    const { clock, expired } = this.#options;
    this.#stop = clock.after(ms, () => expired(new UpstreamFailure('broken-connection', 'was idle')), true);
  }

  /** One timer for many queries: if it fires too early, it is set again for the remaining time. */
  #watch(ms: number): void {
    this.#stop();
    this.#stop = this.#options.clock.after(ms, () => {
      const { clock, patienceMs, stalled } = this.#options;
      const left = this.#quietSince + patienceMs() - clock.now();
      if (left > 0) {
        this.#watch(left);
        return;
      }
      this.#isStalled = true;
      stalled();
    });
  }
}
