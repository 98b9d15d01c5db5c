/** Milliseconds until something that ended is started again; each end soon after a start doubles it, up to the maximum. */
const FIRST_PAUSE_MS = 100;
const MAX_PAUSE_MS = 30_000;
/** After so many milliseconds without an end it was healthy, and the pauses begin again with the first. */
const HEALTHY_MS = 60_000;

/** The pauses before a thread or a process is started again: exponential back-off. */
export class BackOff {
  #pauseMs = FIRST_PAUSE_MS;

  /** It ended `livedMs` milliseconds after it was started. @returns milliseconds until it may be started again. */
  ended(livedMs: number): number {
    if (livedMs >= HEALTHY_MS) this.#pauseMs = FIRST_PAUSE_MS;
    const pauseMs = this.#pauseMs;
    this.#pauseMs = Math.min(MAX_PAUSE_MS, pauseMs * 2);
    return pauseMs;
  }
}
