import { orAborted } from '../async/or-aborted.ts';
import type { ReadOutcome } from '../store/packet-library.ts';
import type { LookupSteps } from './lookup-step.ts';

/** A lookup in progress, shared by its callers. */
export class Flight {
  /** Of a lookup that was started for somebody who watches. */
  readonly steps: LookupSteps | undefined;
  readonly #first: Promise<ReadOutcome>;
  readonly #whole: Promise<ReadOutcome>;
  #waiting = 0;

  /**
   * @param lookup is started at once. It calls `foundFirst` with the first outcome that is an answer, and resolves to the last
   * one. It rejects only because of a bug, with which the callers reject too.
   * @param onInternalError called with the bug if there is no caller.
   */
  constructor(
    lookup: (foundFirst: (outcome: ReadOutcome) => void) => Promise<ReadOutcome>,
    onInternalError: (error: unknown) => void,
    steps?: LookupSteps,
  ) {
    this.steps = steps;
    let foundFirst: (outcome: ReadOutcome) => void = () => {};
    let failFirst: (error: unknown) => void = () => {};
    this.#first = new Promise<ReadOutcome>((resolve, reject) => {
      foundFirst = resolve;
      failFirst = reject;
    });
    this.#whole = lookup(foundFirst);
    this.#whole.then(foundFirst, (error: unknown) => {
      failFirst(error);
      if (this.#waiting === 0) onInternalError(error);
    });
    this.#first.catch(() => {}); // as told above
  }

  /** Calls `run` when the lookup is over. */
  onEnd(run: () => void): void {
    this.#whole.then(run, run);
  }

  /** The first packet that is not older than the one we have, or the outcome of the whole lookup. */
  first(signal: AbortSignal): Promise<ReadOutcome> {
    return this.#wait(this.#first, signal);
  }

  /** The outcome of the whole lookup. */
  newest(signal: AbortSignal): Promise<ReadOutcome> {
    return this.#wait(this.#whole, signal);
  }

  async #wait(work: Promise<ReadOutcome>, signal: AbortSignal): Promise<ReadOutcome> {
    this.#waiting++;
    try {
      return await orAborted(work, signal);
    } finally {
      this.#waiting--;
    }
  }
}
