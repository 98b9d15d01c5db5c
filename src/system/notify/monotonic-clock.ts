import { bun } from '../bun/api.ts';
import { loadLibc } from '../bun/libc.ts';

/** CLOCK_MONOTONIC of clock_gettime(2). */
const CLOCK_MONOTONIC = 1;

/**
 * Microseconds of the clock that all processes share, as sd_notify(3) wants them for MONOTONIC_USEC; undefined where it cannot be
 * read. It is Node's `hrtime`; Bun's counts from the start of the process.
 */
export async function monotonicMicroseconds(): Promise<bigint | undefined> {
  if (bun === undefined) return process.hrtime.bigint() / 1_000n;
  const time = new BigInt64Array(2);
  if ((await loadLibc())?.clock_gettime(CLOCK_MONOTONIC, time) !== 0) return undefined;
  const [seconds = 0n, nanoseconds = 0n] = time;
  return seconds * 1_000_000n + nanoseconds / 1_000n;
}
