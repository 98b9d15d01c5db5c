/** The signals that stop the program, with the exit code of a process that one of them killed (128 + number). */
const exitCodes = { SIGHUP: 129, SIGINT: 130, SIGTERM: 143 } as const;

/** A signal that stops a command. */
type StopSignal = keyof typeof exitCodes;

/**
 * Waits for one of `signals`; by default also for SIGHUP, which the terminal sends when it is closed. After the first, a
 * second one exits at once.
 * @returns the first signal.
 */
export async function untilStopped(
  signals: readonly StopSignal[] = ['SIGINT', 'SIGTERM', 'SIGHUP'],
): Promise<StopSignal> {
  return await new Promise((resolve) => {
    for (const signal of signals) {
      process.once(signal, () => {
        for (const again of signals) {
          process.removeAllListeners(again);
          process.on(again, () => process.exit(exitCodes[again]));
        }
        resolve(signal);
      });
    }
  });
}
