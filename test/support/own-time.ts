import { monitorEventLoopDelay } from 'node:perf_hooks';

/** What some work gave, and how long it took. */
export interface Timed<T> {
  readonly value: T;
  /** Milliseconds, without the longest time for which the machine let nothing run, as far as that counts. */
  readonly ms: number;
}

/** At most so much is taken off: a program that stands still for longer is at fault itself. */
const MOST_TAKEN_OFF = 500;

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
  const heldUp = Math.max(0, delay.max / 1e6 - 10);
  return { value, ms: took - Math.min(heldUp, MOST_TAKEN_OFF) };
}
