/**
 * Makes `error` an uncaught exception, after what runs now: for a promise that rejects only because of a bug, and for
 * callbacks of a runtime that takes what they throw for a failure of its own. The last line of defence gets it.
 */
export function throwLater(error: unknown): void {
  process.nextTick(() => {
    throw error;
  });
}
