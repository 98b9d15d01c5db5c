import { type Rate, TokenBucket } from './token-bucket.ts';

/** What is done, and how often. */
export interface SpacedParts {
  readonly work: () => Promise<void>;
  /** Milliseconds in which those who ask share one time. */
  readonly gatherMs: number;
  /** How often it is done at most. */
  readonly rate: Rate;
  /** Told when `work` rejects. */
  readonly onError: (error: unknown) => void;
  /** Milliseconds, never going back. */
  readonly now: () => number;
}

/** Does some work a moment after it was asked for, once for all who asked in that moment, and not too often. */
export class Spaced {
  readonly #parts: SpacedParts;
  readonly #bucket: TokenBucket;
  #timer: NodeJS.Timeout | undefined;
  /** Settles when no work is being done. */
  #done: Promise<void> = Promise.resolve();
  #isClosed = false;

  constructor(parts: SpacedParts) {
    this.#parts = parts;
    this.#bucket = new TokenBucket(parts.rate, parts.now());
  }

  /** Asks for the work. */
  request(): void {
    if (this.#timer === undefined && !this.#isClosed) this.#wait();
  }

  /** The work is begun no more. */
  close(): void {
    this.#isClosed = true;
    clearTimeout(this.#timer);
  }

  #wait(): void {
    const { gatherMs, now, onError } = this.#parts;
    this.#timer = setTimeout(() => {
      this.#timer = undefined;
      if (this.#bucket.take(now())) this.#done = this.#done.then(() => this.#begin()).catch(onError);
      else this.#wait();
    }, gatherMs);
    this.#timer.unref();
  }

  async #begin(): Promise<void> {
    if (!this.#isClosed) await this.#parts.work();
  }
}
