/** Time as a parameter, so that a test can control it. */
export interface Clock {
  /** Milliseconds from an arbitrary start, monotonic. */
  now(): number;
  /**
   * Runs `run` once, `ms` milliseconds from now. A `background` timer does not keep the process alive.
   * @returns a function that cancels it; it does nothing after the timer has run.
   */
  after(ms: number, run: () => void, background?: boolean): () => void;
}

/** The machine's monotonic clock. */
export const systemClock: Clock = {
  now: () => performance.now(),
  after: (ms, run, background = false) => {
    const timer = setTimeout(run, ms);
    if (background) timer.unref();
    return () => clearTimeout(timer);
  },
};
