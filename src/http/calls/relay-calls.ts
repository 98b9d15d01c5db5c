import type { IncomingHttpHeaders } from 'node:http';
import type { Call } from './call.ts';

/** What a reader puts up with: pkarr-relay's words, in its case. */
export const policies = ['CacheOnly', 'CacheFirst', 'NetworkOnly'] as const;

/**
 * - `CacheOnly`: what is here, expired or not, without a lookup.
 * - `CacheFirst`: what is here while it is fresh, otherwise the first answer of a lookup.
 * - `NetworkOnly`: what a whole lookup finds, whatever is here.
 */
export type Policy = (typeof policies)[number];

/** A packet that is asked for. */
export interface RelayGet {
  /** The text of the key. */
  readonly key: string;
  readonly policy: Policy;
  /** Address of the client, for its limit. */
  readonly client: string;
}

/** What became of a GET. A closed list. */
export type RelayGot =
  | {
      readonly kind: 'found';
      /** Signature ‖ timestamp ‖ message. */
      readonly payload: Uint8Array;
      /** Whole seconds that are left of its time to live; 0 when it is expired and nothing better was found. */
      readonly secondsLeft: number;
      /** When somebody last had it, in milliseconds since 1970; undefined when that is not known. */
      readonly lastSeen: number | undefined;
    }
  /** Nothing is published. `invalidSeq`: the key signed something with this number that is no packet. */
  | { readonly kind: 'absent'; readonly invalidSeq?: bigint }
  /** Too many keys were looked up for this client, or for all. */
  | { readonly kind: 'limited' }
  /** Nobody could be asked, or too few answered; a clause for people. */
  | { readonly kind: 'unreachable'; readonly reason: string };

/** Header fields that make a request depend on which packet is here (RFC 9110 §13.1), as they were sent. Plain values. */
export type Conditions = Pick<
  IncomingHttpHeaders,
  'if-match' | 'if-unmodified-since' | 'if-none-match' | 'if-modified-since'
>;

/** A packet to be published. */
export interface RelayPut {
  readonly key: string;
  /** Of a packet that was verified. */
  readonly payload: Uint8Array;
  readonly client: string;
  /** It takes the place only of what they are met by; undefined for whatever is published. */
  readonly conditions?: Conditions;
}

/** What became of a PUT. A closed list. */
export type RelayStored =
  /** `nodes` of the DHT hold it. */
  | { readonly kind: 'stored'; readonly nodes: number }
  /** A newer packet is known. */
  | { readonly kind: 'older' }
  /** The conditions are not met. */
  | { readonly kind: 'changed' }
  /** There are conditions, and what is published could not be found out; a clause for people. */
  | { readonly kind: 'unreachable'; readonly reason: string }
  | { readonly kind: 'limited' }
  /** No node of the DHT holds it; a sentence for people. */
  | { readonly kind: 'failed'; readonly reason: string };

/** What the relay asks the main thread, which has the store and the DHT. */
export type RelayCalls = {
  readonly 'relay-get': Call<RelayGet, RelayGot>;
  readonly 'relay-put': Call<RelayPut, RelayStored>;
};
