import type { Socket } from 'node:net';
import { clientKey } from '../rate-limit.ts';
import type { Responder } from '../responder.ts';
import { type ConnectionRules, TcpConnection } from './connection.ts';

/** RFC 7766 §6.2.3 leaves the numbers to the server; these are those of common stub resolvers. */
export interface TcpLimits {
  /** Connections at a time. */
  readonly connections: number;
  /** Connections of one client at a time: an IPv4 address, an IPv6 /56. */
  readonly connectionsPerClient: number;
  /** Milliseconds that a connection may stay idle while there is room. */
  readonly idle: number;
  /** The same when over half of the connections are taken. */
  readonly idleUnderPressure: number;
}

/** What serves a laptop and a home network. */
export const defaultTcpLimits: TcpLimits = {
  connections: 64,
  connectionsPerClient: 16,
  idle: 10_000,
  idleUnderPressure: 2_000,
};

/** The part of the connections, of all and of one client, that may wait for slow answers: the rest is for quick ones. */
const WAITING_PART = 3 / 4;

/** Counts since the start. */
export interface TcpStatistics {
  readonly open: number;
  readonly accepted: number;
  /** Connections that were closed to make room for others. */
  readonly evicted: number;
}

/**
 * The TCP connections of all listeners. A new one always finds room: whoever has the most gives up an idle one. There is
 * always an idle one, since no more than three in four may wait for answers that take time; when one more waits, whoever
 * has the most of these gives one up. So what can be answered at once is answered, whatever others wait for.
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

  /** Answers what comes over `socket` from now on. */
  accept(socket: Socket): TcpConnection {
    const { connections, connectionsPerClient } = this.#limits;
    const address = socket.remoteAddress ?? '';
    // Programs of this machine cannot be told apart, unless they use addresses of their own.
    const client = { address, key: clientKey(address) ?? address };
    this.#makeRoom(this.#of(client.key), connectionsPerClient);
    this.#makeRoom([...this.#open], connections);
    this.#accepted++;
    const connection = new TcpConnection(socket, client, this.#responder, this.#rules);
    this.#open.add(connection);
    return connection;
  }

  /** What was done. */
  statistics(): TcpStatistics {
    return { open: this.#open.size, accepted: this.#accepted, evicted: this.#evicted };
  }

  readonly #rules: ConnectionRules = {
    idleLimit: () =>
      this.#open.size * 2 > this.#limits.connections ? this.#limits.idleUnderPressure : this.#limits.idle,
    onWaiting: (connection) => {
      const { connections, connectionsPerClient } = this.#limits;
      this.#limitWaiting(this.#of(connection.client.key), connectionsPerClient);
      this.#limitWaiting([...this.#open], connections);
    },
    onClosed: (connection) => this.#open.delete(connection),
  };

  #of(clientKey: string): readonly TcpConnection[] {
    return [...this.#open].filter(({ client }) => client.key === clientKey);
  }

  /** Has one of `crowd` go when there are `limit` of them: an idle one; else one whose client does not read. */
  #makeRoom(crowd: readonly TcpConnection[], limit: number): void {
    if (crowd.length < limit) return;
    const idle = crowd.filter((connection) => connection.isIdle);
    const quick = crowd.filter((connection) => !connection.isWaiting);
    this.#evictFrom([idle, quick, crowd].find(({ length }) => length > 0) ?? []);
  }

  #limitWaiting(crowd: readonly TcpConnection[], limit: number): void {
    const waiting = crowd.filter((connection) => connection.isWaiting);
    if (waiting.length > Math.max(1, Math.floor(limit * WAITING_PART))) this.#evictFrom(waiting);
  }

  /** Ends the oldest of those of `candidates` that belong to the client who has the most of them. */
  #evictFrom(candidates: readonly TcpConnection[]): void {
    const counts = new Map<string, number>();
    for (const { client } of candidates) counts.set(client.key, (counts.get(client.key) ?? 0) + 1);
    const most = Math.max(...counts.values());
    const oldest = candidates.find(({ client }) => counts.get(client.key) === most);
    if (oldest === undefined) return;
    this.#evicted++;
    this.#open.delete(oldest);
    oldest.destroy();
  }
}
