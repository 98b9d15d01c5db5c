import type { PublicKey } from '../pkarr/public-key.ts';
import type { PacketRefusal, SignedPacket } from '../pkarr/signed-packet.ts';
import type { Timestamp } from '../pkarr/timestamp.ts';
import type { SourceObserver } from './lookup-step.ts';

/** What a source reports while it looks for the packet of one key. */
export type SourceEvent =
  /** A node or relay returned this packet. The same packet may be reported many times. */
  | {
      readonly kind: 'packet';
      readonly packet: SignedPacket;
      readonly from: string;
      /** Absent when it was a node. */
      readonly isFromRelay?: true;
    }
  /** A node or relay returned an item that is signed by the key but is not a valid packet. */
  | { readonly kind: 'unusable'; readonly seq: bigint; readonly reason: PacketRefusal; readonly from: string }
  /** The last event of a lookup that was not stopped. */
  | { readonly kind: 'done'; readonly observed: Observed };

/** What a lookup observed, in numbers of nodes and relays: the evidence that a key has no packet. */
export interface Observed {
  readonly asked: number;
  /** How many of those asked answered. */
  readonly answered: number;
  /** How many of those that answered have nothing for the key. */
  readonly empty: number;
  /** How many of those that answered have something not newer than `newerThan`, so that the key is not absent. */
  readonly notNewer: number;
}

/** See {@link PacketSource.lookup}. */
export interface SourceOptions {
  readonly newerThan?: Timestamp;
  readonly observe?: SourceObserver | undefined;
  /** The same packet need not be reported twice. */
  readonly isBrief?: boolean;
  readonly signal: AbortSignal;
}

/** A source of packets: the DHT or a relay. */
export interface PacketSource {
  /** Its name in messages, for example `dht`. */
  readonly label: string;
  /**
   * Looks for packets of `key`. With `newerThan`, packets up to that timestamp need not be reported. Leaving the loop stops the
   * lookup; if `signal` aborts, the iteration throws its reason. `observe` is told whom we ask and what comes of it.
   * @throws SourceError if the source cannot be asked, or does not answer.
   */
  lookup(key: PublicKey, options: SourceOptions): AsyncIterable<SourceEvent>;
}

/** The source did not answer: it is not started, closed, overloaded or unreachable. It is not the error of an absent packet. */
export class SourceError extends Error {
  override readonly name = 'SourceError';
}
