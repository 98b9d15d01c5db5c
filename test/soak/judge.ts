/** What became of a quantity in the course of a run. */
export interface Trend {
  /** How much more it is in the last third of the run than in the middle third: the difference of their medians. */
  readonly growth: number;
  /** The growth that chance alone makes. */
  readonly noise: number;
}

/**
 * By how many of its standard errors the difference of two medians may differ from zero. Measurements that follow each other
 * are alike (a heap shrinks now and then, not at every measurement), and so vary more than independent ones.
 */
const STANDARD_ERRORS = 4;

/**
 * Compares the last third of measurements, taken in equal steps, with the middle third; the first third is left out, for
 * caches fill. What is noise follows from how the measurements scatter around their own straight line: a leak is a straight
 * line, and does not add to it. Medians do not care about single measurements that are far off.
 *
 * @param measurements at least 9
 */
export function trendOf(measurements: readonly number[]): Trend {
  const third = Math.floor(measurements.length / 3);
  if (third < 3) throw new RangeError('A trend needs at least 9 measurements.');
  const last = measurements.slice(-third);
  const middle = measurements.slice(-2 * third, -third);
  const slope = typicalSlope([...middle, ...last]);
  const levelled = [...middle, ...last].map((value, step) => value - slope * step);
  const level = median(levelled);
  // 1.4826 times the median of the deviations is the standard deviation of normal ones; the standard error of a median of n
  // is 1.2533 deviations divided by √n, and that of the difference of two is √2 times as large.
  const deviation = 1.4826 * median(levelled.map((value) => Math.abs(value - level)));
  const error = 1.2533 * deviation * Math.sqrt(2 / third);
  return { growth: median(last) - median(middle), noise: STANDARD_ERRORS * error };
}

/** The median of the slopes between any two values (Theil and Sen), per step. */
function typicalSlope(values: readonly number[]): number {
  const slopes = values.flatMap((one, from) =>
    values.slice(from + 1).map((other, distance) => (other - one) / (distance + 1)),
  );
  return median(slopes);
}

function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  const middle = sorted.length / 2;
  const [low = Number.NaN, high = low] = sorted.slice(Math.ceil(middle) - 1, Math.floor(middle) + 1);
  return (low + high) / 2;
}
