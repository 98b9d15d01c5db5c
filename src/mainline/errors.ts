/**
 * Why a call to a DHT node failed. A closed list.
 *
 * - `closed`: the node was closed before or during the call.
 * - `bind-failed`: the UDP port could not be bound; `cause` is the error of the system.
 * - `invalid-argument`: an invalid key, item or address, which is an error of the caller.
 * - `busy`: too many lookups and puts at once.
 * - `thread-died`: the thread of the node ended during the call, or could not be started. The call may be retried.
 * - `unavailable`: the thread of the node ended, and the next has not started yet.
 */
export type MainlineErrorKind =
  | 'closed'
  | 'bind-failed'
  | 'invalid-argument'
  | 'busy'
  | 'thread-died'
  | 'unavailable';

/** The error of a failed call to a DHT node. */
export class MainlineError extends Error {
  readonly kind: MainlineErrorKind;
  /** Of `bind-failed`, the error code of the system: `EADDRINUSE`. */
  readonly code: string | undefined;

  /** The kind, and a message for people. The code is that of the cause unless it is given. */
  constructor(
    kind: MainlineErrorKind,
    message: string,
    options: { readonly cause?: unknown; readonly code?: string | undefined } = {},
  ) {
    super(message, options);
    this.name = 'MainlineError';
    this.kind = kind;
    const { cause } = options;
    this.code = options.code ?? (cause instanceof Error ? (cause as NodeJS.ErrnoException).code : undefined);
  }
}
