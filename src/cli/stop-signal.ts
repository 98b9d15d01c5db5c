/** The signals that stop the program, with the exit code of a process that one of them killed (128 + number). */
const signals = [
  ['SIGINT', 130],
  ['SIGTERM', 143],
] as const;

/**
 * Waits for SIGINT or SIGTERM. After the first, a second one exits at once.
 * @returns the name of the first signal.
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
