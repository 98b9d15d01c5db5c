import type { Socket } from 'node:net';
import { clientKey } from '../rate-limit.ts';
import type { Responder } from '../responder.ts';
import { type ConnectionRules, TcpConnection } from './connection.ts';

/** Limits of TCP connections. RFC 7766 §6.2.3 leaves the numbers to the server. */
export interface TcpLimits {
  /** Maximum number of connections. */
  readonly connections: number;
  /** Maximum number of connections of one client: an IPv4 address or an IPv6 /56. */
  readonly connectionsPerClient: number;
  /**
   * Connections accepted in the last half second do not count, up to this number: after a restart, all that have waited in the
   * kernel come at once, and most send one query and go.
   */
  readonly young: number;
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

/** Milliseconds in which a connection is young: one that asks once and goes needs less. */
const YOUNG = 500;

/** The part of all connections, and of one client's, that may wait for slow answers; the rest is for quick ones. */
const WAITING_PART = 3 / 4;

/** Counts since the start. */
export interface TcpStatistics {
  readonly open: number;
  readonly accepted: number;
  /** Connections closed to make room for others. */
  readonly evicted: number;
}

/**
 * The TCP connections of all listeners. A new connection is always accepted; at the limit, the client with the most idle
 * connections loses one. There is always an idle one, because at most three in four connections may wait for slow answers:
 * beyond that, the client with the most waiting connections loses one. So quick answers are always possible.
 */
export class TcpConnections {
  readonly #responder: Responder;
  readonly #limits: TcpLimits;
  /** Oldest first. */
  readonly #open = new Set<TcpConnection>();
  #accepted = 0;
  #evicted = 0;

  constructor(responder: Responder, limits: TcpLimits = defaultTcpLimits) {
    this.#responder = responder;
    this.#limits = limits;
  }

  /** Accepts a connection and answers its queries. `isEncrypted`: nobody on the way sees more of them than their lengths. */
  accept(socket: Socket, isEncrypted = false): TcpConnection {
    const { connections, connectionsPerClient } = this.#limits;
    const address = socket.remoteAddress ?? '';
    // Programs of this machine can only be told apart by the loopback address that they use.
    const client = { address, key: clientKey(address) ?? address };
    const counted = this.#counted();
    this.#makeRoom(counted.filter(isOf(client.key)), connectionsPerClient);
    this.#makeRoom(
      counted.filter((connection) => this.#open.has(connection)),
      connections,
    );
    this.#accepted++;
    const connection = new TcpConnection(socket, client, this.#responder, this.#rules, isEncrypted);
    this.#open.add(connection);
    return connection;
  }

  /** Counters. */
  statistics(): TcpStatistics {
    return { open: this.#open.size, accepted: this.#accepted, evicted: this.#evicted };
  }

  readonly #rules: ConnectionRules = {
    idleLimit: () =>
      this.#open.size * 2 > this.#limits.connections ? this.#limits.idleUnderPressure : this.#limits.idle,
    onWaiting: (connection) => {
      const { connections, connectionsPerClient } = this.#limits;
      const counted = this.#counted();
      this.#limitWaiting(counted.filter(isOf(connection.client.key)), connectionsPerClient);
      this.#limitWaiting(
        counted.filter((other) => this.#open.has(other)),
        connections,
      );
    },
    onClosed: (connection) => this.#open.delete(connection),
  };

  /** The connections that count. */
  #counted(): readonly TcpConnection[] {
    const since = performance.now() - YOUNG;
    const all = [...this.#open];
    const old = all.filter(({ acceptedAt }) => acceptedAt <= since);
    return all.length - old.length > this.#limits.young ? all : old;
  }

  /** Leaves fewer than `limit` connections: closes idle ones, else those whose clients do not read. */
  #makeRoom(crowd: readonly TcpConnection[], limit: number): void {
    const left = new Set(crowd);
    while (left.size >= limit) {
      const idle = [...left].filter((connection) => connection.isIdle);
      const quick = [...left].filter((connection) => !connection.isWaiting);
      const evicted = this.#evictFrom([idle, quick, [...left]].find(({ length }) => length > 0) ?? []);
      if (evicted === undefined) return;
      left.delete(evicted);
    }
  }

  #limitWaiting(crowd: readonly TcpConnection[], limit: number): void {
    const waiting = new Set(crowd.filter((connection) => connection.isWaiting));
    while (waiting.size > Math.max(1, Math.floor(limit * WAITING_PART))) {
      const evicted = this.#evictFrom([...waiting]);
      if (evicted === undefined) return;
      waiting.delete(evicted);
    }
  }

  /** Closes the oldest candidate of the client that has the most of them. */
  #evictFrom(candidates: readonly TcpConnection[]): TcpConnection | undefined {
    const counts = new Map<string, number>();
    for (const { client } of candidates) counts.set(client.key, (counts.get(client.key) ?? 0) + 1);
    const most = Math.max(...counts.values());
    const oldest = candidates.find(({ client }) => counts.get(client.key) === most);
    if (oldest === undefined) return undefined;
    this.#evicted++;
    this.#open.delete(oldest);
    oldest.destroy();
    return oldest;
  }
}

function isOf(clientKey: string): (connection: TcpConnection) => boolean {
  return ({ client }) => client.key === clientKey;
}
