/** The signals that stop the program, with the exit code of a process that one of them killed (128 + number). */
export const stopExits = { SIGHUP: 129, SIGINT: 130, SIGTERM: 143 } as const;

/** A signal that stops a command. */
export type StopSignal = keyof typeof stopExits;

/** All of them; a terminal that is closed sends SIGHUP. */
export const stopSignals: readonly StopSignal[] = ['SIGINT', 'SIGTERM', 'SIGHUP'];

/**
 * Calls `take` with the first of `signals`; by default also SIGHUP, which a terminal sends when it is closed. After it, a
 * second one calls `end`, which exits at once if it is not given.
 */
export function onStopSignal(
  take: (signal: StopSignal) => void,
  signals: readonly StopSignal[] = stopSignals,
  end: (signal: StopSignal) => void = (signal) => process.exit(stopExits[signal]),
): void {
  for (const signal of signals) {
    process.once(signal, () => {
      for (const again of signals) {
        process.removeAllListeners(again);
        process.once(again, () => end(again));
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
 * Aborts with a StoppedError at the first signal. Whoever started work ends it then. If that takes longer than 1.9 s, or at a
 * second signal, the process ends at once.
 */
export function abortedOnStop(): AbortSignal {
  const ending = new AbortController();
  const take = (signal: StopSignal) => {
    setTimeout(() => endAtOnce(signal), END_AT_LATEST).unref();
    ending.abort(new StoppedError(signal));
  };
  onStopSignal(take, stopSignals, endAtOnce);
  return ending.signal;
}

/** What `beforeEnd` was given. */
const duties = new Set<() => void>();

/**
 * Has `duty` done when the process ends, however it does, but for SIGKILL. It must not wait for anything, nor throw.
 * @returns a function that takes this back.
 */
export function beforeEnd(duty: () => void): () => void {
  duties.add(duty);
  process.once('exit', duty);
  return () => {
    duties.delete(duty);
    process.off('exit', duty);
  };
}

/** As if nobody had listened for the signal. Node 20 may crash when it exits while a thread receives datagrams. */
function endAtOnce(signal: StopSignal): void {
  for (const duty of duties) duty();
  process.removeAllListeners(signal);
  process.kill(process.pid, signal);
}

/**
 * From now on a signal that nobody else takes calls `tell`, and ends the program as it would have: for commands that must say how they ended.
 * Closing the terminal stays as it is, for there is nobody to tell, and `nohup` means that it is ignored.
 */
export function tellBeforeStop(tell: (signal: StopSignal) => void): void {
  for (const signal of ['SIGINT', 'SIGTERM'] as const) {
    process.on(signal, () => {
      if (process.listenerCount(signal) > 1) return;
      tell(signal);
      endAtOnce(signal);
    });
  }
}

/** Waits for the first of `signals`, as `onStopSignal` does. */
export async function untilStopped(signals?: readonly StopSignal[]): Promise<StopSignal> {
  return await new Promise((resolve) => onStopSignal(resolve, signals));
}
