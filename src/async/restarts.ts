/** Milliseconds until something that ended is started again; each end soon after a start doubles it, up to the maximum. */
const FIRST_PAUSE_MS = 100;
const MAX_PAUSE_MS = 30_000;
/** After so many milliseconds without an end it was healthy, and the pauses begin again with the first. */
const HEALTHY_MS = 60_000;

/** What is started again, and who is told of a failure. */
export interface RestartsParts {
  /** Starts it. A throw counts as an end right after the start. */
  readonly start: () => void;
  /** Told what `start` threw, and the milliseconds until the next try. */
  readonly onFailure: (error: unknown, pauseMs: number) => void;
}

/** Starts a thread or a process again each time it ended, after a pause: exponential back-off. */
export class Restarts {
  readonly #parts: RestartsParts;
  #pauseMs = FIRST_PAUSE_MS;
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
    if (livedMs >= HEALTHY_MS) this.#pauseMs = FIRST_PAUSE_MS;
    const pauseMs = this.#pauseMs;
    this.#pauseMs = Math.min(MAX_PAUSE_MS, pauseMs * 2);
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
