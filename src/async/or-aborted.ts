/**
 * What `work` gives, unless `signal` aborts before: then its reason is thrown. The work itself goes on; how it ends after
 * that is nobody's concern.
 */
export async function orAborted<T>(work: Promise<T>, signal: AbortSignal): Promise<T> {
  // First: what a caller began although its signal had aborted may fail too.
  work.catch(() => {});
  signal.throwIfAborted();
  let abort: () => void = () => {};
  const aborted = new Promise<never>((_, reject) => {
    abort = () => reject(signal.reason);
    signal.addEventListener('abort', abort, { once: true });
  });
  try {
    return await Promise.race([work, aborted]);
  } finally {
    signal.removeEventListener('abort', abort);
  }
}
