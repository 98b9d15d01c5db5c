import { monitorEventLoopDelay } from 'node:perf_hooks';

/** What some work gave, and how long it took. */
export interface Timed<T> {
  readonly value: T;
  /** Milliseconds, without the longest time for which the machine let nothing run. */
  readonly ms: number;
}

/**
 * Times work that waits for timers of the program, in this process. A machine that others use too may hold all of them
 * up for a while, which is no doing of the program and is taken off.
 */
export async function ownTime<T>(work: () => Promise<T>): Promise<Timed<T>> {
  const delay = monitorEventLoopDelay({ resolution: 5 });
  delay.enable();
  const startedAt = performance.now();
  const value = await work();
  const took = performance.now() - startedAt;
  delay.disable();
  return { value, ms: took - Math.max(0, delay.max / 1e6 - 10) };
}
