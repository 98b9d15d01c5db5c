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
 * From now on `handler` gets the errors that nobody in this process caught, in place of the handler before; without
 * one the runtime ends the process. When the handler itself throws, the process ends with `EXIT_INTERNAL_ERROR`.
 */
export function onUncaught(handler: TakeUncaught): void {
  const isFirst = take === undefined;
  take = (uncaught) => {
    // What the handler causes while it runs is part of this error: a handler that is called by itself has no end.
    if (isTaking) return;
    isTaking = true;
    try {
      handler(uncaught);
    } catch {
      // There is nobody left to tell.
      process.exit(EXIT_INTERNAL_ERROR);
    } finally {
      isTaking = false;
    }
  };
  if (!isFirst) return;
  process.on('uncaughtException', (error: unknown) => take?.({ kind: 'exception', error }));
  process.on('unhandledRejection', (error: unknown) => take?.({ kind: 'rejection', error }));
}
