/** The way of one query over UDP: a socket, and an ID that no other query has on it. */
export interface Lane {
  readonly id: number;
  /** Sends the query, once. It must have the ID, and must not change until it has ended. */
  send(query: Uint8Array, listener: LaneListener): void;
  /** The query has ended, however. Once. */
  end(): void;
}

/** Who asks a query. Not called any more when it has ended. */
export interface LaneListener {
  /**
   * The upstream, or somebody who pretends to be it, sent a datagram.
   * @returns false when it is no reply to this query, and so may be a guess.
   */
  received(octets: Uint8Array): boolean;
  /** The query cannot be sent, an ICMP error arrived, or the socket is given up. Never called while `send` runs. */
  failed(error: unknown): void;
}

/** Where the queries to one upstream are sent from. */
export interface Lanes {
  /** A lane for one query. @throws UpstreamFailure `no-sockets` */
  take(): Lane;
  /** The network changed: sockets that are bound to an old address are not used any more. */
  reset(): void;
  /** Nothing is kept open any more. */
  close(): void;
}

/**
 * How sockets are used for queries over UDP: see `docs/upstream-sockets.md`.
 *
 * - `single`: each query has a socket, and so a port, of its own.
 * - `pooled`: a socket takes several queries within a fraction of a second.
 */
export type SocketUse = 'single' | 'pooled';
