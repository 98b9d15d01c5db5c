/**
 * The variable by which benchmarks only show that they run to their end: each has one short round, and its figures mean nothing.
 * `node dist/bench/all.js --quick` sets it.
 */
export const QUICK = 'BENCH_QUICK';

/** Whether this is such a run. */
export const isQuick = process.env[QUICK] === '1';

/** `full` in a run that measures, `quick` in one that only shows that it ends. */
export function sized<T>(full: T, quick: T): T {
  return isQuick ? quick : full;
}
