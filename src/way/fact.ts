/**
 * One fact of the way of an answer: plain values that JSON can hold, so that they cross to other processes and to programs as
 * they are. Names are in presentation form, with their final dot. A closed list: `sentences.ts` has a sentence for each, and
 * `advice.ts` says what to do where that helps.
 */
export type Fact =
  /** What is asked for: by the client first, then where an alias leads, or for the address of a name server. */
  | { readonly of: 'question'; readonly name: string; readonly type: string; readonly why: QuestionReason }
  /** Nothing was looked up: a refusal of our own. `text` is a sentence. */
  | { readonly of: 'refused'; readonly why: RefusalReason; readonly text: string }
  | CacheFact
  /** The same question was being answered for somebody else already; that answer is this one. */
  | { readonly of: 'joined' }
  /** The hosts file has the answer, or says that the name exists. */
  | { readonly of: 'hosts' }
  /** A name that is not of the public DNS: everything at or below `zone` is answered here. */
  | { readonly of: 'special'; readonly zone: string; readonly text?: string }
  /** The domain `suffix` stands for keys: `name` is what is meant. */
  | { readonly of: 'suffix'; readonly suffix: string; readonly name: string }
  /** A name that the user of this machine gave to a key. */
  | { readonly of: 'petname'; readonly petname: string; readonly key: string }
  /** The last label looks like a key and is none. `text` is a clause. */
  | { readonly of: 'bad-key'; readonly text: string }
  /** A key that was not sent to anybody: before a search domain, or pasted. `text` is a sentence. */
  | { readonly of: 'stray-key'; readonly text: string }
  /** The name by which programs find out whether their questions come here. */
  | { readonly of: 'probe' }
  /** ANY is answered with a record that says so (RFC 8482). */
  | { readonly of: 'any' }
  | PacketFact
  /** What the packet of `key` says of the name. */
  | {
      readonly of: 'zone';
      readonly outcome: ZoneOutcome;
      /** Of `alias`: where it leads out of the packet; of `referral`: the zone that others are to answer. */
      readonly target?: string;
      /** Aliases that were followed inside the packet. */
      readonly aliases: number;
    }
  /** A name server that the packet, or a zone below it, names was asked. */
  | {
      readonly of: 'name-server';
      readonly zone: string;
      readonly address: string;
      /** A clause: `answered`, `refuses connections`. */
      readonly text: string;
      readonly durationMs: number;
    }
  | UpstreamsFact
  | UpstreamFact
  /** The upstream's answer ends with an alias that it cannot follow, which is followed here. */
  | { readonly of: 'alias'; readonly from: string; readonly target: string }
  /** Something was taken out of an answer. `text` is a sentence. */
  | { readonly of: 'filtered'; readonly why: FilterReason; readonly text: string }
  /** The resolvers of the network were asked, since it seems to have a captive portal. */
  | { readonly of: 'portal' }
  /** There is no answer. `kind`: see `FailureReason`; `text` is a sentence. */
  | { readonly of: 'failure'; readonly kind: FailureReason; readonly text: string };

/** Why a question came up. */
type QuestionReason = 'asked' | 'alias' | 'name-server';

/**
 * Why something was taken out of an answer: rebinding protection for ordinary names, and for keys `pkarr-loopback` and
 * `pkarr-private`, or
 * an address that is malformed, which no setting allows.
 */
export type FilterReason = 'rebinding' | 'packet-loopback' | 'packet-private' | 'packet-malformed';

/** Why a query was refused before anything was looked up. */
export type RefusalReason = 'stranger' | 'too-often' | 'malformed' | 'loop' | 'no-recursion';

/** What a packet says of a name. */
type ZoneOutcome = 'answer' | 'no-data' | 'name-error' | 'name-too-long' | 'alias' | 'loop' | 'referral';

/**
 * Why a question has no answer. A closed list; each has a different remedy.
 *
 * - `alias-loop`: an alias loop, or more than 16 aliases. The zone's owner must fix it.
 * - `too-many-keys`: aliases and delegations lead over more keys than one answer may cost. The zone's owner must fix it.
 * - `delegation`: the zone delegates the name, and none of its name servers gave an answer.
 * - `packet-unreachable`: the packet sources could not be reached, or too few answered.
 * - `packet-unusable`: the key's owner published something that is not a valid signed packet.
 * - `no-upstream`: there is no upstream resolver to ask.
 * - `upstream-silent`: no upstream answered in time.
 * - `upstream-network`: no upstream could be reached.
 * - `upstream-malformed`: the upstreams' replies were malformed.
 * - `busy`: too many queries are in flight already.
 * - `out-of-time`: the deadline for an answer passed.
 * - `internal`: an internal error; see the log.
 */
export type FailureReason =
  | 'alias-loop'
  | 'too-many-keys'
  | 'delegation'
  | 'packet-unreachable'
  | 'packet-unusable'
  | 'no-upstream'
  | 'upstream-silent'
  | 'upstream-network'
  | 'upstream-malformed'
  | 'busy'
  | 'out-of-time'
  | 'internal';

/**
 * What the cache of answers had. `expired`: a new answer is looked for first; `stale`: it was given out nevertheless, because nothing
 * better came in time; `failure`: the last attempt failed, and it is not tried again yet.
 */
export interface CacheFact {
  readonly of: 'cache';
  readonly state: 'fresh' | 'expired' | 'stale' | 'failure' | 'nothing';
  /** Seconds since it was stored. */
  readonly ageSeconds?: number;
  /** Seconds until it is asked for anew. */
  readonly leftSeconds?: number;
}

/** Whether the answer that the cache had was given out. */
export function isGiven({ state }: CacheFact): boolean {
  return state === 'fresh' || state === 'failure' || state === 'stale';
}

/** How the packet of a key was got, and what came of it. */
export interface PacketFact {
  readonly of: 'packet';
  /** The 52 characters. */
  readonly key: string;
  readonly outcome: 'found' | 'absent' | 'unusable' | 'unreachable' | 'busy';
  /** Where it was before anybody was asked; absent where that is not known. */
  readonly place?: PacketPlace;
  /** Who was asked, if anybody was. */
  readonly from?: 'store' | 'relay' | 'dht';
  /** Of a packet: µs since 1970, as digits, since it does not fit a number; and the same as a date. */
  readonly timestamp?: string;
  readonly date?: string;
  readonly isStale?: boolean;
  /** Seconds until the network is asked again: of a packet, and of its absence. */
  readonly leftSeconds?: number;
  /** Of `unreachable`: why, as a clause. */
  readonly text?: string;
  /** What the lookup had heard when there was an answer. */
  readonly heard?: LookupTally;
}

/** Where a packet was: `memory-expired` is served only while nobody confirms it. */
type PacketPlace = 'memory' | 'memory-expired' | 'known-absent' | 'store' | 'nowhere';

/** What those who were asked for a packet had said by the time of the answer. */
export interface LookupTally {
  /** Nodes that had answered, relays that had, and those of both that had failed. */
  readonly nodesAnswered: number;
  readonly relaysAnswered: number;
  readonly failed: number;
  /** Those that have this packet, those with another, older one, and those with nothing. */
  readonly held: number;
  readonly heldOlder: number;
  readonly heldNothing: number;
  /** The first that returned the packet: `192.0.2.1:6881`, or the URL of a relay. */
  readonly first?: string;
}

/** Who is there for an ordinary name. */
export interface UpstreamsFact {
  readonly of: 'upstreams';
  readonly labels: readonly string[];
  /** The domain of the route; absent for those of all other names. */
  readonly route?: string;
  /** The link that the route belongs to. */
  readonly link?: string;
  /** Nobody is asked now: an answer that is in the cache came from one of them. */
  readonly isEarlier?: true;
}

/** One try at one upstream. */
export interface UpstreamFact {
  readonly of: 'upstream';
  readonly label: string;
  readonly why: AskReason;
  readonly durationMs: number;
  /** `silent`: there was an answer of another one, or no more time. */
  readonly outcome: 'answered' | 'failed' | 'silent';
  /** Of an answer. */
  readonly rcode?: string;
  /** Of a failure: a clause, `refuses connections`. */
  readonly text?: string;
}

/** See `SelectionReason` of the upstreams. */
export type AskReason =
  | 'not-measured'
  | 'returned'
  | 'measured-long-ago'
  | 'best'
  | 'late'
  | 'dead'
  | 'again';

/** A fact, and when it was known. */
export type TimedFact = Fact & {
  /** Milliseconds since the question came, with one digit behind the point. */
  readonly atMs: number;
};
