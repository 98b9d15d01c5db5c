import type { LookupFailure } from '../gateway/lookups.ts';
import type { IpPrefix } from '../ip/prefix.ts';
import type { ThreadWarning } from '../mainline/thread/forward-warnings.ts';
import type { InternalError } from '../observe/internal-error.ts';
import type { LogFields, LogLevel } from '../observe/log.ts';
import type { Certificate } from '../serve/certificate/certificate.ts';
import type { GivenSocket } from './sockets/http-sockets.ts';

/** What of the settings the thread goes by; all of it may change while it runs. Plain values: keys as their text. */
export interface ThreadSettings {
  /** Keys whose sites may be at addresses that are not globally reachable. */
  readonly privateKeys: readonly string[];
  /** Names of the user's own for keys. */
  readonly petnames: readonly { readonly label: string; readonly key: string }[];
  /** Names of this server in `Host`, in lower case and without a final dot. */
  readonly names: readonly string[];
  /** Origins whose pages may use the relay: see `RelayParts`. */
  readonly relayOrigins: readonly string[];
  /** Proxies that are believed who their clients are. */
  readonly proxies: readonly IpPrefix[];
  /** What is shown where TLS is spoken; undefined when nowhere is. */
  readonly certificate?: Certificate | undefined;
  /** Who may send queries, and so may see the page. */
  readonly allowFrom: readonly IpPrefix[];
}

/** What the thread is told at its start. */
export interface ThreadOptions {
  readonly sockets: readonly GivenSocket[];
  readonly settings: ThreadSettings;
}

/** What the thread is told. */
export type ToThread =
  /** What comes of a call before its answer. */
  | { readonly kind: 'part'; readonly call: number; readonly part: unknown }
  | { readonly kind: 'result'; readonly call: number; readonly answer: unknown }
  | {
      readonly kind: 'failed';
      readonly call: number;
      readonly failure: LookupFailure;
      readonly message: string;
    }
  | { readonly kind: 'settings'; readonly settings: ThreadSettings }
  /** It is to end what is in flight, and then itself. */
  | { readonly kind: 'close' };

/** What the thread says. */
export type FromThread =
  | ThreadWarning
  | { readonly kind: 'listening' }
  /** A call of the table in `calls.ts`. */
  | { readonly kind: 'call'; readonly call: number; readonly of: string; readonly question: unknown }
  | { readonly kind: 'cancel'; readonly call: number }
  | {
      readonly kind: 'log';
      readonly level: LogLevel;
      readonly message: string;
      readonly fields: LogFields;
    }
  | { readonly kind: 'internal-error'; readonly error: InternalError };
