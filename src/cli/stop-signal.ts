/** Signals by which people and service managers end a program, with the exit code of one that they ended at once. */
const signals = [
  ['SIGINT', 130],
  ['SIGTERM', 143],
] as const;

/**
 * Waits until somebody wants the program to end. From then on a second signal ends it at once.
 * @returns the name of the signal.
 */
export async function untilStopped(): Promise<string> {
  return await new Promise((resolve) => {
    for (const [signal] of signals) {
      process.once(signal, () => {
        for (const [again, code] of signals) {
          process.removeAllListeners(again);
          process.on(again, () => process.exit(code));
        }
        resolve(signal);
      });
    }
  });
}
