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

/** What was counted after `before`, an earlier snapshot of the same counter. A counter that began anew counts as a whole. */
export function histogramSince(before: HistogramSnapshot, now: HistogramSnapshot): HistogramSnapshot {
  if (now.counts.some((count, bucket) => count < (before.counts[bucket] ?? 0))) return now;
  return {
    counts: now.counts.map((count, bucket) => count - (before.counts[bucket] ?? 0)),
    sum: now.sum - before.sum,
  };
}

/**
 * The duration in seconds that a `part` of all, 0 to 1, does not exceed: as Prometheus's `histogram_quantile`, linear within a
 * bucket. Undefined when nothing was counted. Of what is above all bounds nothing is known but the largest bound.
 */
export function quantile(part: number, histogram: HistogramSnapshot): number | undefined {
  const { counts } = histogram;
  const rank = part * countOf(histogram);
  let below = 0;
  for (const [bucket, count] of counts.entries()) {
    const bound = durationBounds[bucket];
    if (count > 0 && below + count >= rank) {
      const lower = bucket === 0 ? 0 : (durationBounds[bucket - 1] as number);
      return bound === undefined ? lower : lower + ((bound - lower) * (rank - below)) / count;
    }
    below += count;
  }
  return undefined;
}
