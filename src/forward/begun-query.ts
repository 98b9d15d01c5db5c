import type { UpstreamHealth } from './choice/health.ts';
import type { Lane, LaneListener } from './udp/lane.ts';

/** A query that was sent, for an exchange that goes on with it. */
export interface ResumedQuery {
  readonly lane: Lane;
  readonly octets: Uint8Array;
  readonly sentAt: number;
}

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
  /** The way on which it was sent, for an exchange that goes on with it: once, after `claim`. */
  resume(): ResumedQuery | undefined;
  /** Tells an exchange that goes on with it what came meanwhile. */
  replay(listener: LaneListener): void;
  /** Whoever claimed it does not go on with it, or has done so. */
  release(): void;
  /** Nobody has claimed it, and nobody will. */
  drop(): void;
}
