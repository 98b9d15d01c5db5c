/** Time as a parameter: what this folder knows of it, so that a test can move it. */
export interface Clock {
  /** Milliseconds from an arbitrary start; never goes back. */
  now(): number;
  /**
   * Runs `run` once, `ms` milliseconds from now. A `background` timer does not keep the process alive.
   * @returns what calls it off; harmless when it has run already.
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
