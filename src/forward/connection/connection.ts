import type { UpstreamFailure } from '../errors.ts';
import type { PendingQuery } from './pending-query.ts';

/** A connection to an upstream that carries many queries, as a `ConnectionPool` sees it. */
export interface Connection<Reply> {
  /** Whether new queries may be sent on it. */
  readonly isOpen: boolean;
  /** True from `stalled` until something is heard again: other connections are better. */
  readonly isStalled: boolean;
  /** How many queries wait on it. */
  readonly load: number;
  /** Sends a query. @throws UpstreamFailure `overloaded` */
  send(query: PendingQuery<Reply>): void;
  /** No longer waits for this query's reply, if it does. */
  forget(query: PendingQuery<Reply>): void;
  /** Closes at once; `closed` is told, with this failure. */
  destroy(failure: UpstreamFailure): void;
}

/** Who hears what becomes of a connection. */
export interface ConnectionListener<Reply> {
  /** For how long nothing may come while queries wait before `stalled` is told, in ms. */
  readonly patienceMs: () => number;
  /** The connection has ended the wait for this query alone, without a reply. */
  readonly lost: (query: PendingQuery<Reply>, loss: Loss) => void;
  /** Nothing came for `patienceMs`: these wait, and go on waiting. Told once in each silence. */
  readonly stalled: (waiting: readonly PendingQuery<Reply>[]) => void;
  /** The connection is closed. Told once, whoever closed it. */
  readonly closed: (closing: Closing<Reply>) => void;
}

/** Why a query was lost that others on the connection did not share. */
export interface Loss {
  readonly failure: UpstreamFailure;
  /** How much it is held against the query, 0 to 1. */
  readonly weight: number;
}

/** How a connection ended. */
export interface Closing<Reply> {
  /** Queries without a reply, the oldest first. */
  readonly unanswered: readonly PendingQuery<Reply>[];
  /** Whether it was ever established. */
  readonly wasReady: boolean;
  /** Whether it ever gave a reply. */
  readonly wasFruitful: boolean;
  readonly failure: UpstreamFailure;
}
