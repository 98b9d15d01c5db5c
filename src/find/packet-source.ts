import type { PublicKey } from '../pkarr/public-key.ts';
import type { PacketRefusal, SignedPacket } from '../pkarr/signed-packet.ts';
import type { Timestamp } from '../pkarr/timestamp.ts';

/** What a source reports while it looks for the packet of one key. */
export type SourceEvent =
  /** Somebody returned this packet. The same packet may come many times. */
  | { readonly kind: 'packet'; readonly packet: SignedPacket; readonly from: string }
  /** Somebody returned an item that the key signed and that is no packet. */
  | { readonly kind: 'unusable'; readonly seq: bigint; readonly reason: PacketRefusal; readonly from: string }
  /** The last event of a lookup that was not stopped. */
  | { readonly kind: 'done'; readonly observed: Observed };

/** What was seen on the way, in nodes or relays: the evidence for believing that a key has no packet. */
export interface Observed {
  readonly asked: number;
  /** Of those asked, how many answered at all. */
  readonly answered: number;
  /** Of those that answered, how many have nothing under the key. */
  readonly empty: number;
  /** Of those that answered, how many have something that is not newer than `newerThan`: the key is not absent. */
  readonly notNewer: number;
}

/** Somewhere that packets can be found: the DHT, a relay. */
export interface PacketSource {
  /** What it is called in messages, for example `dht`. */
  readonly label: string;
  /**
   * Looks for packets of `key`. With `newerThan` packets up to that timestamp need not be reported. Leaving the
   * loop ends the work; an aborted `signal` makes the iteration throw its reason.
   * @throws SourceError when the source cannot be asked at all, or nobody answers.
   */
  lookup(
    key: PublicKey,
    options: { readonly newerThan?: Timestamp; readonly signal: AbortSignal },
  ): AsyncIterable<SourceEvent>;
}

/** The source gave no answer: not started, closed, overloaded, unreachable. Not: asked and found nothing. */
export class SourceError extends Error {
  override readonly name = 'SourceError';
}
