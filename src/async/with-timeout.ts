import { type Clock, systemClock } from './clock.ts';

/**
 * What `work` gives, or what `onTimeout` gives or throws when that takes longer than `ms` milliseconds. The work itself
 * goes on; how it ends after that is nobody's concern. Nothing is left behind, whichever comes first.
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
