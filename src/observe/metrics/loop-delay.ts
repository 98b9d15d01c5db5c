import { Histogram, type HistogramSnapshot } from './histogram.ts';

/** Milliseconds between two measurements: often enough for a figure a minute, and seldom enough that an idle machine sleeps. */
const PERIOD = 1_000;

/** How late the event loop is: what a question may wait before it is read. It measures until it is closed. */
export class LoopDelay {
  readonly #histogram = new Histogram();
  readonly #timer: NodeJS.Timeout;
  #due = performance.now() + PERIOD;

  constructor() {
    this.#timer = setInterval(() => {
      const now = performance.now();
      this.#histogram.record(now - this.#due);
      this.#due = now + PERIOD;
    }, PERIOD).unref();
  }

  /** What was measured so far. */
  snapshot(): HistogramSnapshot {
    return this.#histogram.snapshot();
  }

  /** Measures no more. */
  close(): void {
    clearInterval(this.#timer);
  }
}
