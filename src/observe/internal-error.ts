import { errorPlace, errorText } from './error-text.ts';

/** How an internal error came to light. */
export type InternalErrorKind =
  /** Thrown out of a timer, or an event of a socket. */
  | 'exception'
  /** A promise that nobody handles was rejected. */
  | 'rejection'
  /** While a query was answered; the client got SERVFAIL. */
  | 'query'
  /** While a zone or packet was published. That publication stops until the next reload. */
  | 'publication'
  /** In the packet store, which takes no packets any more. */
  | 'store';

/** Which part of the program met it. A part other than the main process ends with it, and is started again. */
export type ProgramPart = 'main' | 'worker' | 'dht' | 'http';

/** An internal error, in a form that crosses between processes. */
export type InternalError = {
  readonly kind: InternalErrorKind;
  readonly part: ProgramPart;
  /** See `errorPlace`. */
  readonly place: string;
  /** See `errorText`. */
  readonly text: string;
  /** What cannot be survived: no memory, or a failed invariant. */
  readonly isFatal: boolean;
};

/** Describes an error where it came to light. Never throws. */
export function describeInternalError(
  kind: InternalErrorKind,
  part: ProgramPart,
  error: unknown,
): InternalError {
  return { kind, part, place: errorPlace(error), text: errorText(error), isFatal: isFatal(error) };
}

/** Whether going on would do harm: out of memory, or a failed invariant of signatures or of the store. */
function isFatal(error: unknown): boolean {
  try {
    return error instanceof Error && meansHarm(error);
  } catch {
    // A getter of what was thrown may throw itself, and what it would say is not one of ours.
    return false;
  }
}

function meansHarm(error: Error): boolean {
  // V8 itself ends the process when its heap is full; a failed allocation of a buffer is an error.
  const isOutOfMemory =
    ('code' in error && error.code === 'ERR_MEMORY_ALLOCATION_FAILED') ||
    (error instanceof RangeError && /^(?:array buffer allocation failed|out of memory)/i.test(error.message));
  return isOutOfMemory || error.name === 'InvariantError';
}
