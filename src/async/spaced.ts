import { type Rate, TokenBucket } from './token-bucket.ts';

/** The work, and how often it may run. */
export interface SpacedParts {
  readonly work: () => Promise<void>;
  /** Requests within so many milliseconds share one run. */
  readonly gatherMs: number;
  /** The highest rate of runs. */
  readonly rate: Rate;
  /** Called when `work` rejects. */
  readonly onError: (error: unknown) => void;
  /** Milliseconds, never going back. */
  readonly now: () => number;
}

/** Runs some work shortly after it was requested: once for all requests of that moment, and at a limited rate. */
export class Spaced {
  readonly #parts: SpacedParts;
  readonly #bucket: TokenBucket;
  #timer: NodeJS.Timeout | undefined;
  /** Settles when no work is running. */
  #done: Promise<void> = Promise.resolve();
  #isClosed = false;

  constructor(parts: SpacedParts) {
    this.#parts = parts;
    this.#bucket = new TokenBucket(parts.rate, parts.now());
  }

  /** Requests the work. */
  request(): void {
    if (this.#timer === undefined && !this.#isClosed) this.#wait();
  }

  /** No run starts after this. */
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
