import { monitorEventLoopDelay } from 'node:perf_hooks';

/** The result of some work, and how long it took. */
export interface Timed<T> {
  readonly value: T;
  /** Milliseconds, without the longest pause of the whole process, up to a limit. */
  readonly ms: number;
}

/** The most that is subtracted, in milliseconds: a longer pause is the fault of the program. */
const MOST_TAKEN_OFF = 500;

/**
 * Measures work that waits for timers, in this process. A shared machine may pause the whole process for a while; that is
 * not the fault of the program and is subtracted.
 */
export async function ownTime<T>(work: () => Promise<T>): Promise<Timed<T>> {
  const delay = monitorEventLoopDelay({ resolution: 5 });
  delay.enable();
  const startedAt = performance.now();
  const value = await work();
  const took = performance.now() - startedAt;
  delay.disable();
  const heldUp = Math.max(0, delay.max / 1e6 - 10);
  return { value, ms: took - Math.min(heldUp, MOST_TAKEN_OFF) };
}
