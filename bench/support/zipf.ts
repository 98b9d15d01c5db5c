import { randomFrom } from '../../test/support/random.ts';

/** Names drawn from a Zipf distribution. */
export interface ZipfDraws {
  readonly exponent: number;
  /** Indexes of names; 0 is the most popular. */
  readonly draws: Uint32Array;
  /** The share of new names among the draws after the first `skip`, up to `until`. */
  readonly fresh: number;
}

/**
 * Draws names, with an exponent for which the share of new names is `fresh` after the first `skip` draws, up to `until`. The random
 * numbers have a fixed seed, so the result is always the same.
 */
export function zipf(options: {
  readonly names: number;
  readonly draws: number;
  readonly skip: number;
  readonly until: number;
  readonly fresh: number;
}): ZipfDraws {
  let [low, high] = [0.5, 2.5];
  const counted = { ...options, draws: options.until };
  let best = drawn(counted, (low + high) / 2);
  // A larger exponent gives fewer new names: bisection.
  for (let turn = 0; turn < 12; turn++) {
    const exponent = (low + high) / 2;
    best = drawn(counted, exponent);
    if (best.fresh > options.fresh) low = exponent;
    else high = exponent;
  }
  return { ...best, draws: drawn(options, best.exponent).draws };
}

function drawn(
  { names, draws: count, skip }: Omit<Parameters<typeof zipf>[0], 'until'>,
  exponent: number,
): ZipfDraws {
  const cumulative = new Float64Array(names);
  let sum = 0;
  for (let i = 0; i < names; i++) {
    sum += 1 / (i + 1) ** exponent;
    cumulative[i] = sum;
  }
  const random = randomFrom(1);
  const draws = Uint32Array.from({ length: count }, () => firstAbove(cumulative, random() * sum));
  const seen = new Set<number>();
  let fresh = 0;
  for (const [at, name] of draws.entries()) {
    if (at >= skip && !seen.has(name)) fresh++;
    seen.add(name);
  }
  return { exponent, draws, fresh: fresh / (count - skip) };
}

/** The index of the first value above `goal`, in ascending values. */
function firstAbove(values: Float64Array, goal: number): number {
  let [low, high] = [0, values.length - 1];
  while (low < high) {
    const middle = (low + high) >>> 1;
    if ((values[middle] as number) > goal) high = middle;
    else low = middle + 1;
  }
  return low;
}
