import type { Clock } from '../../async/clock.ts';
import { withTimeout } from '../../async/with-timeout.ts';

/** The outcome of one try: a usable result, no usable result, or nothing left to try. */
export type TryOutcome<T extends object> = T | 'useless' | 'none-left';

/** How tries are made. */
export interface HedgedTriesOptions {
  readonly clock: Clock;
  /** Milliseconds without an outcome until another try starts in parallel. */
  readonly hedgeMs: number;
  readonly signal: AbortSignal;
}

/**
 * The first usable outcome of `tryOne`. It is called again at once after a useless outcome, and in parallel when a try
 * takes long. Undefined when nothing is left to try. Cancelling tries that still run is up to the caller.
 * @throws the reason of the signal, and whatever `tryOne` throws.
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
        const run: Promise<TryOutcome<T>> = afterwards(tryOne(), () => running.delete(run));
        // When another try wins, nobody awaits this one any more.
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

async function afterwards<T>(work: Promise<T>, run: () => void): Promise<T> {
  try {
    return await work;
  } finally {
    run();
  }
}
