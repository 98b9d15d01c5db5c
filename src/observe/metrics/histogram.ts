/** Upper bounds in seconds, each counted in its bucket: from a cached answer, a few µs, to the deadline of an answer, 4.5 s. */
export const durationBounds = [
  0.000_005, 0.000_01, 0.000_025, 0.000_05, 0.000_1, 0.000_25, 0.000_5, 0.001, 0.002_5, 0.005, 0.01, 0.025,
  0.05, 0.1, 0.25, 0.5, 1, 2.5, 5,
] as const;

/** How often which durations occurred. */
export interface HistogramSnapshot {
  /** One count for each of `durationBounds`, of what is above the bound before it; the last is of what is above all. */
  readonly counts: readonly number[];
  /** Of all durations, in seconds. */
  readonly sum: number;
}

/** Counts durations. */
export class Histogram {
  // Not 32 bits: at 100,000 queries a second they would overflow within a day.
  readonly #counts = new Float64Array(durationBounds.length + 1);
  #sum = 0;

  /** Counts a duration in milliseconds, so many times. One below 0, after a clock was set back, counts as 0. */
  record(milliseconds: number, times = 1): void {
    const seconds = Math.max(0, milliseconds / 1000);
    let bucket = 0;
    while (bucket < durationBounds.length && seconds > (durationBounds[bucket] as number)) bucket++;
    this.#counts[bucket] = (this.#counts[bucket] as number) + times;
    this.#sum += seconds * times;
  }

  /** What was counted so far. */
  snapshot(): HistogramSnapshot {
    return { counts: [...this.#counts], sum: this.#sum };
  }
}

/** Nothing was counted. */
export const emptyHistogram: HistogramSnapshot = new Histogram().snapshot();

/** What several counted together. */
export function mergeHistograms(parts: readonly HistogramSnapshot[]): HistogramSnapshot {
  return {
    counts: emptyHistogram.counts.map((_, bucket) =>
      parts.reduce((total, { counts }) => total + (counts[bucket] ?? 0), 0),
    ),
    sum: parts.reduce((total, { sum }) => total + sum, 0),
  };
}

/** How many durations were counted. */
export function countOf({ counts }: HistogramSnapshot): number {
  return counts.reduce((total, count) => total + count, 0);
}
