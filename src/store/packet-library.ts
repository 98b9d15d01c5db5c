import type { PublicKey } from '../pkarr/public-key.ts';
import type { SignedPacket } from '../pkarr/signed-packet.ts';
import type { LookupTally } from '../way/fact.ts';

/** How new a packet must be: fresh enough by its time to live, or the newest that the whole network has. */
export type Freshness = 'fresh' | 'newest';

/** What became of a read. That there is nothing, and that nobody could tell, are two things. */
export type ReadOutcome = {
  /** Where it was just got from, or looked for in vain; absent when it was at hand. */
  readonly from?: PacketOrigin;
  /** For whoever asked for it. */
  readonly way?: ReadWay;
} & (
  | {
      readonly kind: 'found';
      readonly packet: SignedPacket;
      /** Its time to live is over and nobody confirmed it: served because there is nothing better. */
      readonly stale: boolean;
      /** Seconds left of its time to live, 0 when stale. */
      readonly timeToLive: number;
    }
  /** Enough of those asked said that there is nothing. `seconds`: how long that is remembered. */
  | { readonly kind: 'absent'; readonly seconds: number }
  /** The key signed something there that is no packet. */
  | { readonly kind: 'unusable'; readonly seq: bigint }
  /** Nobody could be asked, or too few answered to prove that there is nothing. `reason` is a clause for people. */
  | { readonly kind: 'unreachable'; readonly reason: string }
);

/** Where a packet is before anybody is asked: `memory-expired` is served only while nobody confirms it. */
export type KnownPlace = 'memory' | 'memory-expired' | 'known-absent' | 'store' | 'nowhere';

/** How a read went. Plain values, which cross between processes as they are. */
export interface ReadWay {
  readonly place: KnownPlace;
  /** What the lookup had heard by then; absent when there was none, or when it had been started for somebody else. */
  readonly heard?: LookupTally;
}

/** Where packets are that are not at hand: on disk, or in the network. */
export type PacketOrigin = 'store' | 'relay' | 'dht';

/** How closely a read is looked at: a lookup tells each node that it hears from only if somebody wants that. */
export interface ReadTracing {
  readonly wantsNodes: boolean;
}

/** Where the rest of the program gets packets. */
export interface PacketLibrary {
  /**
   * The packet of `key`. An aborted `signal` ends the wait of this reader alone, by throwing its reason; the lookup
   * goes on for others and for the cache.
   */
  read(
    key: PublicKey,
    options: {
      readonly freshness: Freshness;
      readonly signal: AbortSignal;
      /** Tell how it went. */
      readonly trace?: ReadTracing | undefined;
    },
  ): Promise<ReadOutcome>;
  /** True when reading `key` starts no lookup, or when there is something to answer with if none is started. */
  isAtHand(key: PublicKey): boolean;
}
