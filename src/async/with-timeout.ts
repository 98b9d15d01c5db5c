import { type Clock, systemClock } from './clock.ts';

/**
 * The result of `work`, or what `onTimeout` returns or throws if that takes longer than `ms` milliseconds. The work continues,
 * and its outcome is ignored. No timer is left behind.
 */
export async function withTimeout<T, L>(
  work: Promise<T>,
  ms: number,
  onTimeout: () => L,
  clock: Clock = systemClock,
): Promise<T | L> {
  let stopTimer: () => void = () => {};
  const timeout = new Promise<void>((resolve) => {
    stopTimer = clock.after(ms, resolve);
  });
  try {
    return await Promise.race([work, timeout.then(onTimeout)]);
  } finally {
    stopTimer();
  }
}
