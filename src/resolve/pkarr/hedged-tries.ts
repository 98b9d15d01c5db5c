import type { Clock } from '../../async/clock.ts';
import { withTimeout } from '../../async/with-timeout.ts';

/** What became of one try: something of use, nothing, or there was nothing left to try. */
export type TryOutcome<T extends object> = T | 'useless' | 'none-left';

/** How tries are made. */
export interface HedgedTriesOptions {
  readonly clock: Clock;
  /** After so many milliseconds without an outcome one more try is begun beside those that run. */
  readonly hedgeMs: number;
  readonly signal: AbortSignal;
}

/**
 * The first useful outcome of `tryOne`, which is called again at once when a try came to nothing, and beside it when it
 * takes long; undefined when there was nothing left to try. Tries that still run then are the caller's to end.
 * @throws the reason of the signal, and what `tryOne` throws.
 */
export async function hedgedTries<T extends object>(
  tryOne: () => Promise<TryOutcome<T>>,
  { clock, hedgeMs, signal }: HedgedTriesOptions,
): Promise<T | undefined> {
  signal.throwIfAborted();
  const running = new Set<Promise<TryOutcome<T>>>();
  let leave: () => void = () => {};
  const aborted = new Promise<never>((_, reject) => {
    leave = () => reject(signal.reason);
    signal.addEventListener('abort', leave, { once: true });
  });
  try {
    let mayStart = true;
    for (;;) {
      if (mayStart) {
        const run: Promise<TryOutcome<T>> = tryOne().finally(() => running.delete(run));
        // When another wins, nobody looks at this one any more.
        run.catch(() => {});
        running.add(run);
      } else if (running.size === 0) {
        return undefined;
      }
      const outcome = await withTimeout(Promise.race([...running, aborted]), hedgeMs, () => 'late', clock);
      if (typeof outcome === 'object') return outcome;
      mayStart = outcome !== 'none-left';
    }
  } finally {
    signal.removeEventListener('abort', leave);
  }
}
