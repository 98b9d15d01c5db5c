/**
 * Why a call to a DHT node failed. A closed list.
 *
 * - `closed`: the node was closed before or during the call.
 * - `bind-failed`: the UDP port cannot be had; `cause` carries the system's error.
 * - `invalid-argument`: a key, item or address that no node could accept; the fault is the caller's.
 * - `busy`: more lookups and puts at once than are allowed.
 * - `thread-died`: the thread of the node ended during the call, or could not be started. The call may be repeated.
 * - `unavailable`: the thread of the node ended, and the next is not up yet.
 */
export type MainlineErrorKind =
  | 'closed'
  | 'bind-failed'
  | 'invalid-argument'
  | 'busy'
  | 'thread-died'
  | 'unavailable';

/** The error of every call to a DHT node that fails for a reason of its own. */
export class MainlineError extends Error {
  readonly kind: MainlineErrorKind;

  /** Takes the kind and a sentence for people. */
  constructor(kind: MainlineErrorKind, message: string, options?: { readonly cause?: unknown }) {
    super(message, options);
    this.name = 'MainlineError';
    this.kind = kind;
  }
}
