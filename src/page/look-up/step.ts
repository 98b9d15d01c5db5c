/**
 * What is told of a look-up while it goes on, one thing after another: plain values that JSON can hold. Times are milliseconds
 * since it began.
 */
export type LookUpStep =
  /** What was typed is not a name, or it could not go on: why, as a sentence. The last step. */
  | { readonly kind: 'problem'; readonly sentence: string; readonly cause?: ProblemCause }
  /** What was understood. */
  | { readonly kind: 'question'; readonly question: LookUpQuestion }
  /** Where the packet of the key was before anybody was asked. */
  | { readonly kind: 'place'; readonly place: PacketPlace }
  /** Somebody was asked, and this came of it. */
  | { readonly kind: 'asked'; readonly asked: Asked }
  /** The newest packet, which is known to be signed by the key. */
  | { readonly kind: 'packet'; readonly packet: PacketView }
  /** The network has been asked. */
  | { readonly kind: 'network'; readonly network: NetworkEnd }
  /** What the resolver answers to the question. */
  | { readonly kind: 'answer'; readonly answer: AnswerView };

/** Of a problem that is not in what was typed: the client asks too often, pkarrd has too much to do, or has an error of its own. */
export type ProblemCause = 'limited' | 'busy' | 'internal';

/** A question, in presentation form. */
export interface LookUpQuestion {
  /** Absolute, with its final dot. */
  readonly name: string;
  /** `A`, `TYPE65400`. */
  readonly type: string;
  /** The key that the name ends in. */
  readonly key?: string;
  /** What to type into a terminal. */
  readonly command: string;
}

/** See `KnownPlace` of the finder. */
export type PacketPlace = 'memory' | 'memory-expired' | 'known-absent' | 'store' | 'nowhere';

/** Somebody who was asked for the packet. */
export interface Asked {
  readonly who: 'node' | 'relay';
  /** `192.0.2.1:6881`, or the URL of a relay. */
  readonly label: string;
  readonly atMs: number;
  readonly said: 'item' | 'seq' | 'nothing' | 'invalid' | 'refused' | 'silent';
  /** Of `item` and `seq`: µs since 1970, as digits, since it does not fit a number. */
  readonly timestamp?: string;
  /** Of a node that answered: leading bits that its id shares with the target. */
  readonly sharedBits?: number;
}

/** A signed packet. */
export interface PacketView {
  /** The 52 characters. */
  readonly key: string;
  /** Octets in hexadecimal, with which a browser verifies it. */
  readonly signature: string;
  readonly message: string;
  /** µs since 1970, as digits; the same as a date; and how long ago that was. */
  readonly timestamp: string;
  readonly date: string;
  readonly age: string;
  /** Octets of the message, and how many there may be. */
  readonly octets: number;
  readonly maxOctets: number;
  readonly records: readonly RecordView[];
  readonly atMs: number;
}

/** One record. */
export interface RecordView {
  /** Relative to the key; `@` is the key itself. */
  readonly name: string;
  readonly ttl: number;
  readonly type: string;
  readonly data: string;
}

/** How the whole lookup in the network ended. */
export interface NetworkEnd {
  readonly outcome: 'found' | 'absent' | 'unusable' | 'unreachable' | 'busy';
  /** Of `unreachable`: why, as a clause. */
  readonly text?: string;
  /** Seconds until the network is asked again. */
  readonly againInSeconds?: number;
  readonly atMs: number;
}

/** What the resolver answers. */
export interface AnswerView {
  /** As `dig` prints it. */
  readonly text: string;
  readonly rcode: string;
  /** The cache of answers had it. */
  readonly isCached: boolean;
  /** Where it came from, as metrics name it; absent when that is not known. */
  readonly source?: string;
  /** The upstream resolver that gave it. */
  readonly upstream?: string;
  /** How long it took. */
  readonly tookMs: number;
  /** How it came about, as sentences in order. */
  readonly way: readonly string[];
  /** What to do about it; nothing where all is well. */
  readonly advice: readonly string[];
}
