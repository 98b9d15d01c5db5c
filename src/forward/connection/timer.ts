import type { Clock } from '../../async/clock.ts';
import { UpstreamFailure } from '../errors.ts';

/** How long a connection may take to be established, in ms. */
const CONNECT_MS = 2000;

/** How long a silent connection on which nothing waits any more is kept, in ms: what it owes may only be late. */
const STALLED_MS = 3000;

export interface ConnectionTimerOptions {
  readonly clock: Clock;
  /** How long a connection without queries is kept, in ms. */
  readonly idleMs: number;
  /** For how long nothing may come while queries wait, in ms. */
  readonly patienceMs: () => number;
  /** The connection is to be destroyed, for this reason. */
  readonly expired: (failure: UpstreamFailure) => void;
  /** Nothing came for that long. */
  readonly stalled: () => void;
}

/**
 * The one timer of a connection, which is established, then busy or idle in turn, and while it is busy silent or not.
 * The first state is that it is being established.
 */
export class ConnectionTimer {
  readonly #options: ConnectionTimerOptions;
  #state: 'connecting' | 'busy' | 'idle' | 'ended' = 'connecting';
  /** When the peer was last heard, or began to owe a reply if that is later. */
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

  /** Queries have waited in silence for longer than they should, and nothing was heard since. */
  get isStalled(): boolean {
    return this.#isStalled;
  }

  /** The connection is established, and a query waits on it. */
  busy(): void {
    if (this.#state === 'busy' || this.#state === 'ended') return;
    this.#state = 'busy';
    this.#quietSince = this.#options.clock.now();
    this.#watch(this.#options.patienceMs());
  }

  /** The connection is established, and nothing waits on it; it is closed at once when no more may be sent on it. */
  idle(isLeaving = false): void {
    if (this.#state === 'ended') return;
    this.#state = 'idle';
    const { idleMs } = this.#options;
    this.#endAfter(isLeaving ? 0 : this.#isStalled ? Math.min(idleMs, STALLED_MS) : idleMs);
  }

  /** Something came from the peer. */
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

  /** One timer for many queries: when it goes off too early, it is set again for the rest. */
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
