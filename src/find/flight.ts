import { orAborted } from '../async/or-aborted.ts';
import type { ReadOutcome } from '../store/packet-library.ts';

/** One lookup in flight, and those who wait for it. */
export class Flight {
  readonly #first: Promise<ReadOutcome>;
  readonly #whole: Promise<ReadOutcome>;
  #waiting = 0;

  /**
   * @param lookup is started at once. It calls `foundFirst` with the first outcome that answers, gives the last one, and
   * rejects only because of a bug, which those who wait get.
   * @param onInternalError is told of the bug when nobody waits.
   */
  constructor(
    lookup: (foundFirst: (outcome: ReadOutcome) => void) => Promise<ReadOutcome>,
    onInternalError: (error: unknown) => void,
  ) {
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

  /** `run` is called when the lookup is over. */
  onEnd(run: () => void): void {
    this.#whole.then(run, run);
  }

  /** The first packet that is not older than the one held, or the outcome of the whole lookup. */
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
