import type { Socket } from 'node:net';
import type { Protocol } from '../../dns/protocol.ts';
import {
  type ConnectionLimits,
  type ConnectionStatistics,
  ConnectionTable,
  connectionClient,
} from '../connection-table.ts';
import type { Responder } from '../responder.ts';
import { type ConnectionRules, TcpConnection } from './connection.ts';

/** Limits of TCP connections. RFC 7766 §6.2.3 leaves the numbers to the server. */
export interface TcpLimits extends ConnectionLimits {
  /** Idle timeout in milliseconds. */
  readonly idle: number;
  /** The same when more than half of the connections are open. */
  readonly idleUnderPressure: number;
}

/** Limits for a laptop or a home network, like those of common stub resolvers. */
export const defaultTcpLimits: TcpLimits = {
  connections: 64,
  connectionsPerClient: 16,
  young: 512,
  idle: 10_000,
  idleUnderPressure: 2_000,
};

/** The TCP connections of all listeners, limited together. */
export class TcpConnections {
  readonly #responder: Responder;
  readonly #limits: TcpLimits;
  readonly #open: ConnectionTable<TcpConnection>;

  constructor(responder: Responder, limits: TcpLimits = defaultTcpLimits) {
    this.#responder = responder;
    this.#limits = limits;
    this.#open = new ConnectionTable(limits);
  }

  /** Accepts a connection, whose queries are read from what it is told to `use`. */
  accept(socket: Socket, protocol: Protocol): TcpConnection {
    const client = connectionClient(socket.remoteAddress ?? '');
    this.#open.makeRoomFor(client);
    const connection = new TcpConnection(socket, client, this.#responder, this.#rules, protocol);
    this.#open.add(connection);
    return connection;
  }

  /** Counters. */
  statistics(): ConnectionStatistics {
    return this.#open.statistics();
  }

  readonly #rules: ConnectionRules = {
    idleLimit: () =>
      this.#open.size * 2 > this.#limits.connections ? this.#limits.idleUnderPressure : this.#limits.idle,
    onWaiting: (connection) => this.#open.waits(connection),
    onClosed: (connection) => this.#open.delete(connection),
  };
}
