import type { UpstreamFailure } from '../errors.ts';
import type { PendingQuery } from './pending-query.ts';

/** A connection to an upstream that carries many queries, as used by `ConnectionPool`. */
export interface Connection<Reply> {
  /** Whether new queries may be sent on it. */
  readonly isOpen: boolean;
  /** It is established, and takes another query at once. */
  readonly isReady: boolean;
  /** True from `stalled` until something is received again. Other connections are preferred. */
  readonly isStalled: boolean;
  /** Number of pending queries. */
  readonly load: number;
  /** Sends a query. @throws UpstreamFailure `overloaded` */
  send(query: PendingQuery<Reply>): void;
  /** Stops waiting for the reply to this query, if it is pending. */
  forget(query: PendingQuery<Reply>): void;
  /** Closes at once; `closed` is called with this failure. */
  destroy(failure: UpstreamFailure): void;
}

/** Receives the events of a connection. */
export interface ConnectionListener<Reply> {
  /** How long nothing may be received while queries are pending before `stalled` is called, in ms. */
  readonly patienceMs: () => number;
  /** This query ended without a reply, and the connection goes on. */
  readonly lost: (query: PendingQuery<Reply>, loss: Loss) => void;
  /** Nothing was received for `patienceMs`. These queries stay pending. Called once per silence. */
  readonly stalled: (waiting: readonly PendingQuery<Reply>[]) => void;
  /** The connection is closed, by either side. Called once. */
  readonly closed: (closing: Closing<Reply>) => void;
}

/** Why a single query was lost. */
export interface Loss {
  readonly failure: UpstreamFailure;
  /** How much it counts against the query, 0 to 1. */
  readonly weight: number;
}

/** How a connection ended. */
export interface Closing<Reply> {
  /** Pending queries, the oldest first. */
  readonly unanswered: readonly PendingQuery<Reply>[];
  /** Whether it was ever established. */
  readonly wasReady: boolean;
  /** Whether it ever delivered a reply. */
  readonly wasFruitful: boolean;
  readonly failure: UpstreamFailure;
}
