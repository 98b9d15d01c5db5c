import { setTimeout } from 'node:timers/promises';
import { orAborted } from '../async/or-aborted.ts';
import { withTimeout } from '../async/with-timeout.ts';
import type { RelayPause } from './pause.ts';

/** Requests that may wait for a relay. */
const MAX_WAITING = 256;

/** What a request gave, and whether the relay refused it because of its rate limit. */
export interface Attempt<T> {
  readonly result: T;
  readonly isLimited: boolean;
}

/**
 * The requests to one relay. Normally each goes out at once; after a 429 those that can wait go one after another, in the
 * order in which they came, so that a relay with a rate limit is used as far as it allows and no request overtakes another.
 */
export class RequestQueue {
  readonly #pause: RelayPause;
  readonly #now: () => number;
  /** The first one is at work, or waits for the pause to be over; each is called when it becomes the first. */
  readonly #waiting: (() => void)[] = [];

  /** @param now milliseconds, never going back: the clock of `pause`. */
  constructor(pause: RelayPause, now: () => number) {
    this.#pause = pause;
    this.#now = now;
  }

  /** Milliseconds until a request that comes now may go out, as far as is known; 0 when it goes out at once. */
  get delay(): number {
    return Math.max(this.#pause.left(), this.#waiting.length > 0 ? 1 : 0);
  }

  /**
   * Runs `attempt` when the relay may be asked, and again after each rate limit.
   *
   * @param patience milliseconds for waiting; 0 waits for nothing.
   * @returns the result of the last attempt, or how long the relay may not be asked when there was no attempt.
   * @throws what `attempt` throws, and the reason of `signal`.
   */
  async run<T>(
    attempt: () => Promise<Attempt<T>>,
    { patience, signal }: { readonly patience: number; readonly signal: AbortSignal },
  ): Promise<T | { readonly pausedFor: number }> {
    const until = this.#now() + patience;
    let last: T | undefined;
    let leave: (() => void) | undefined;
    try {
      for (;;) {
        if (this.delay > 0 || leave !== undefined) {
          const isTooLong = () => patience === 0 || this.#pause.left() > until - this.#now();
          if (!isTooLong()) leave ??= await this.#join(until - this.#now(), signal);
          if (leave === undefined || isTooLong()) return last ?? { pausedFor: this.delay };
          await sleep(this.#pause.left(), signal);
        }
        const { result, isLimited } = await attempt();
        if (!isLimited) return result;
        last = result;
      }
    } finally {
      leave?.();
    }
  }

  /** Resolves when this request is the first: with what is to be called at its end. Undefined when that takes too long. */
  async #join(milliseconds: number, signal: AbortSignal): Promise<(() => void) | undefined> {
    signal.throwIfAborted();
    if (this.#waiting.length >= MAX_WAITING) return undefined;
    let turn = () => {};
    const leave = () => {
      const at = this.#waiting.indexOf(turn);
      if (at === -1) return;
      this.#waiting.splice(at, 1);
      if (at === 0) this.#waiting[0]?.();
    };
    const first = new Promise<true>((resolve) => {
      turn = () => resolve(true);
    });
    this.#waiting.push(turn);
    if (this.#waiting.length === 1) turn();
    try {
      if (await withTimeout(orAborted(first, signal), milliseconds, () => false)) return leave;
    } catch (error) {
      leave();
      throw error;
    }
    leave();
    return undefined;
  }
}

/** Resolves after so many milliseconds, and rejects with the reason of `signal`. */
async function sleep(milliseconds: number, signal: AbortSignal): Promise<void> {
  if (milliseconds <= 0) return;
  try {
    // A timer may fire a fraction of a millisecond early.
    await setTimeout(milliseconds + 1, undefined, { signal });
  } catch {
    // With an abort it rejects with an error of its own; the reason of the signal says why.
    signal.throwIfAborted();
  }
}
