/** The signals that stop the program, with the exit code of a process that one of them killed (128 + number). */
export const stopExits = { SIGHUP: 129, SIGINT: 130, SIGTERM: 143 } as const;

/** A signal that stops a command. */
export type StopSignal = keyof typeof stopExits;

/** All of them; a terminal that is closed sends SIGHUP. */
export const stopSignals: readonly StopSignal[] = ['SIGINT', 'SIGTERM', 'SIGHUP'];

/**
 * Calls `take` with the first of `signals`; by default also SIGHUP, which a terminal sends when it is closed. After it, a
 * second one exits at once.
 */
export function onStopSignal(
  take: (signal: StopSignal) => void,
  signals: readonly StopSignal[] = stopSignals,
): void {
  for (const signal of signals) {
    process.once(signal, () => {
      for (const again of signals) {
        process.removeAllListeners(again);
        process.on(again, () => process.exit(stopExits[again]));
      }
      take(signal);
    });
  }
}

/** A signal ended work before it was done. It is no failure to tell of: whoever sent it knows. */
export class StoppedError extends Error {
  override readonly name = 'StoppedError';
  readonly signal: StopSignal;

  constructor(signal: StopSignal) {
    super(`stopped by ${signal}`);
    this.signal = signal;
  }
}

/** Milliseconds after a signal at which the process exits, whatever is still running: whoever sent it must not have to wait. */
export const END_AT_LATEST = 1_900;

/**
 * Aborts with a StoppedError at the first signal. Whoever started work ends it then; if that takes longer than 1.9 s, the
 * process exits.
 */
export function abortedOnStop(): AbortSignal {
  const ending = new AbortController();
  onStopSignal((signal) => {
    setTimeout(() => process.exit(stopExits[signal]), END_AT_LATEST).unref();
    ending.abort(new StoppedError(signal));
  });
  return ending.signal;
}

/** Waits for a signal to abort. */
export async function untilAborted(signal: AbortSignal): Promise<void> {
  if (signal.aborted) return;
  await new Promise<void>((resolve) => signal.addEventListener('abort', () => resolve(), { once: true }));
}

/** Waits for the first of `signals`, as `onStopSignal` does. */
export async function untilStopped(signals?: readonly StopSignal[]): Promise<StopSignal> {
  return await new Promise((resolve) => onStopSignal(resolve, signals));
}
