import { BackOff } from './back-off.ts';

/** What is started again, and who is told of a failure. */
export interface RestartsParts {
  /** Starts it. A throw counts as an end right after the start. */
  readonly start: () => void;
  /** Told what `start` threw, and the milliseconds until the next try. */
  readonly onFailure: (error: unknown, pauseMs: number) => void;
}

/** Starts a thread or a process again each time it ended, after the pauses of `BackOff`. */
export class Restarts {
  readonly #parts: RestartsParts;
  readonly #backOff = new BackOff();
  #timer: NodeJS.Timeout | undefined;
  #count = 0;

  constructor(parts: RestartsParts) {
    this.#parts = parts;
  }

  /** How often `start` was called. */
  get count(): number {
    return this.#count;
  }

  /** It ended, `livedMs` milliseconds after it was started. @returns milliseconds until it is started again. */
  schedule(livedMs: number): number {
    const pauseMs = this.#backOff.ended(livedMs);
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => this.#start(), pauseMs);
    return pauseMs;
  }

  /** Calls off a start that is scheduled. */
  cancel(): void {
    clearTimeout(this.#timer);
  }

  #start(): void {
    this.#count++;
    const { start, onFailure } = this.#parts;
    try {
      start();
    } catch (error) {
      onFailure(error, this.schedule(0));
    }
  }
}
