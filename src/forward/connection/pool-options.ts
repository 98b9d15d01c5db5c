import type { Clock } from '../../async/clock.ts';
import type { UpstreamReply } from '../reply.ts';
import type { UpstreamRequest } from '../request.ts';
import type { SocketBudget } from '../socket-budget.ts';
import type { Connection, ConnectionListener } from './connection.ts';
import type { PooledQuery } from './pooled-query.ts';

/** A query that was sent, for reading its reply. */
export interface AskedQuery {
  readonly message: Buffer;
  readonly request: UpstreamRequest;
}

/** What differs between pools. */
export interface ConnectionPoolOptions<Reply> {
  /** Its name in messages: TCP, TLS, HTTPS. */
  readonly protocol: string;
  /** Opens a new connection. */
  readonly open: (listener: ConnectionListener<Reply>) => Connection<Reply>;
  /** Reads a reply. @throws UpstreamFailure */
  readonly read: (reply: Reply, query: AskedQuery) => UpstreamReply;
  /** The octets of a reply that matches its query and of which nothing else is to be known. Without it there is no straight way. */
  readonly octetsOf?: (reply: Reply, query: PooledQuery<Reply>) => Uint8Array | undefined;
  /** Queries are padded to a multiple of this many octets; without it they are not padded. */
  readonly padTo?: number | undefined;
  /** Called when the network changed: forgets what connections keep for later ones. */
  readonly forget?: () => void;
  /** See `Transport.quirks`. */
  readonly quirks?: () => readonly string[];
  readonly budget: SocketBudget;
  readonly clock: Clock;
}
