import type { UpstreamHealth } from './choice/health.ts';

/** A query that was sent on the straight way (`straight/`) and has left it: the full way goes on with it. */
export interface BegunQuery {
  /** See `requestKey`. */
  readonly key: string;
  /** When it was sent, by the clock of the forwarder. */
  readonly sentAt: number;
  /** Of the upstream, from when it was asked: after a change of the network it has another one. */
  readonly health: UpstreamHealth | undefined;
  /** Whether it was sent to this upstream, and has not ended. */
  isAt(upstream: object): boolean;
  /** The full way goes on with it: true once, if nobody does yet. Then `release` is to be called in the end. */
  claim(): boolean;
  /** Where it was sent, for an exchange that goes on with it: once, after `claim`, and only if it is what the exchange knows. */
  resume<S extends StraightSending>(isKnown: (sending: StraightSending) => sending is S): S | undefined;
  /** Whoever claimed it does not go on with it, or has done so. */
  release(): void;
  /** Nobody has claimed it, and nobody will. */
  drop(): void;
}

/** Who is asked: an upstream, and what counts for it. */
export interface StraightParty {
  readonly upstream: { readonly label: string };
  /** A query was sent. One of the following follows, or somebody goes on with it. */
  straightAsked(now: number): void;
  /** Its reply came, and is the answer. */
  straightAnswered(query: BegunQuery, now: number): void;
  /** Nobody waits for its reply any more. */
  straightDropped(query: BegunQuery): void;
}

/** A query as it was sent, by the transport that waits for its reply, and keeps what comes after the query has left. */
export interface StraightSending {
  readonly party: StraightParty;
  /** What was sent. */
  readonly octets: Uint8Array;
  /** Its reply was the answer, with or without an OPT record. */
  answered(hasEdns: boolean, now: number): void;
  /** Nobody waits for its reply any more. */
  end(): void;
}
