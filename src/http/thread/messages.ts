import type { LookupFailure } from '../../gateway/lookups.ts';
import type { ThreadWarning } from '../../mainline/thread/forward-warnings.ts';
import type { InternalError } from '../../observe/internal-error.ts';
import type { LogFields, LogLevel } from '../../observe/log.ts';
import type { GivenSocket } from '../sockets/http-sockets.ts';

/** What the thread is told at its start. Plain values: keys as their text. */
export interface ThreadOptions {
  readonly sockets: readonly GivenSocket[];
  /** Keys whose sites may be at addresses that are not globally reachable. */
  readonly privateKeys: readonly string[];
}

/** The outcome of a call, to the thread. */
export type CallResult =
  /** Signature ‖ timestamp ‖ message; undefined when nothing is published. */
  | { readonly of: 'packet'; readonly payload: Uint8Array | undefined }
  | { readonly of: 'addresses'; readonly addresses: readonly string[] };

/** What the thread is told. */
export type ToThread =
  | { readonly kind: 'result'; readonly call: number; readonly result: CallResult }
  | {
      readonly kind: 'failed';
      readonly call: number;
      readonly failure: LookupFailure;
      readonly message: string;
    }
  | { readonly kind: 'private-keys'; readonly privateKeys: readonly string[] }
  /** It is to end what is in flight, and then itself. */
  | { readonly kind: 'close' };

/** What the thread asks. */
export type Call =
  | { readonly of: 'packet'; readonly key: string }
  /** The key of a `Name`. */
  | { readonly of: 'addresses'; readonly name: string };

/** What the thread says. */
export type FromThread =
  | ThreadWarning
  | { readonly kind: 'listening' }
  | { readonly kind: 'call'; readonly call: number; readonly asked: Call }
  | { readonly kind: 'cancel'; readonly call: number }
  | {
      readonly kind: 'log';
      readonly level: LogLevel;
      readonly message: string;
      readonly fields: LogFields;
    }
  | { readonly kind: 'internal-error'; readonly error: InternalError };
