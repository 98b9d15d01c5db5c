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

/** Waits for the first of `signals`, as `onStopSignal` does. */
export async function untilStopped(signals?: readonly StopSignal[]): Promise<StopSignal> {
  return await new Promise((resolve) => onStopSignal(resolve, signals));
}
