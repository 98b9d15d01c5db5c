/** An error that nobody caught: thrown out of a callback, or the reason of a promise that nobody handles. */
export interface UncaughtError {
  readonly kind: 'exception' | 'rejection';
  readonly error: unknown;
}

/** Takes an uncaught error. */
export type TakeUncaught = (uncaught: UncaughtError) => void;

/** The exit code of a program that ends because of a bug: EX_SOFTWARE of sysexits.h. */
export const EXIT_INTERNAL_ERROR = 70;

let take: TakeUncaught | undefined;
let isTaking = false;

/**
 * Passes the uncaught errors of this process to `handler` from now on, instead of the previous handler; without a handler
 * the runtime ends the process. If the handler itself throws, the process exits with `EXIT_INTERNAL_ERROR`.
 */
export function onUncaught(handler: TakeUncaught): void {
  const isFirst = take === undefined;
  take = (uncaught) => {
    // An error that the handler causes is ignored, because a handler that triggers itself would never end.
    if (isTaking) return;
    isTaking = true;
    try {
      handler(uncaught);
    } catch {
      // There is nowhere left to report it.
      process.exit(EXIT_INTERNAL_ERROR);
    } finally {
      isTaking = false;
    }
  };
  if (!isFirst) return;
  process.on('uncaughtException', (error: unknown) => take?.({ kind: 'exception', error }));
  process.on('unhandledRejection', (error: unknown) => take?.({ kind: 'rejection', error }));
}
