import { clientKey } from './clients/rate-limit.ts';

/** How many connections there may be. RFC 7766 §6.2.3 leaves the numbers to the server. */
export interface ConnectionLimits {
  /** Maximum number of connections. */
  readonly connections: number;
  /** Maximum number of connections of one client: an IPv4 address or an IPv6 /56. */
  readonly connectionsPerClient: number;
  /**
   * Connections accepted in the last half second do not count, up to this number: after a restart, all that have waited in the
   * kernel come at once, and most send one query and go.
   */
  readonly young: number;
}

/** The client of a connection. */
export interface ConnectionClient {
  /** As the socket writes it. */
  readonly address: string;
  /** `clientKey`, or the address for this machine: limits count by it. */
  readonly key: string;
}

/** The client at `address`. Programs of this machine can only be told apart by the loopback address that they use. */
export function connectionClient(address: string): ConnectionClient {
  return { address, key: clientKey(address) ?? address };
}

/** A connection, as far as its number is limited. */
export interface LimitedConnection {
  readonly client: ConnectionClient;
  /** When it was accepted, by `performance.now()`. */
  readonly acceptedAt: number;
  /** A query is in flight. */
  readonly isWaiting: boolean;
  /** The client waits for nothing: such a connection may be closed at any time (RFC 7766 §6.2.3). */
  readonly isIdle: boolean;
  /** Ends the connection at once. */
  destroy(): void;
}

/** Milliseconds in which a connection is young: one that asks once and goes needs less. */
const YOUNG = 500;

/** The part of all connections, and of one client's, that may wait for slow answers; the rest is for quick ones. */
const WAITING_PART = 3 / 4;

/** Counts since the start. */
export interface ConnectionStatistics {
  readonly open: number;
  readonly accepted: number;
  /** Connections closed to make room for others. */
  readonly evicted: number;
}

/**
 * Connections whose number is limited. A new one is always accepted; at the limit, the client with the most idle
 * connections loses one. There is always an idle one, because at most three in four connections may wait for slow answers:
 * beyond that, the client with the most waiting connections loses one. So quick answers are always possible.
 */
export class ConnectionTable<C extends LimitedConnection> {
  readonly #limits: ConnectionLimits;
  /** Oldest first. */
  readonly #open = new Set<C>();
  #accepted = 0;
  #evicted = 0;

  constructor(limits: ConnectionLimits) {
    this.#limits = limits;
  }

  /** How many are open. */
  get size(): number {
    return this.#open.size;
  }

  /** Makes room for a connection of `client`, which is added next. */
  makeRoomFor(client: ConnectionClient): void {
    const { connections, connectionsPerClient } = this.#limits;
    const counted = this.#counted();
    this.#makeRoom(counted.filter(isOf(client.key)), connectionsPerClient);
    this.#makeRoom(
      counted.filter((connection) => this.#open.has(connection)),
      connections,
    );
  }

  /** Adds a connection that was accepted. */
  add(connection: C): void {
    this.#accepted++;
    this.#open.add(connection);
  }

  /** It is gone. */
  delete(connection: C): void {
    this.#open.delete(connection);
  }

  /** It begins to wait for an answer that takes time. */
  waits(connection: C): void {
    const { connections, connectionsPerClient } = this.#limits;
    const counted = this.#counted();
    this.#limitWaiting(counted.filter(isOf(connection.client.key)), connectionsPerClient);
    this.#limitWaiting(
      counted.filter((other) => this.#open.has(other)),
      connections,
    );
  }

  /** Counters. */
  statistics(): ConnectionStatistics {
    return { open: this.#open.size, accepted: this.#accepted, evicted: this.#evicted };
  }

  /** The connections that count. */
  #counted(): readonly C[] {
    const since = performance.now() - YOUNG;
    const all = [...this.#open];
    const old = all.filter(({ acceptedAt }) => acceptedAt <= since);
    return all.length - old.length > this.#limits.young ? all : old;
  }

  /** Leaves fewer than `limit` connections: closes idle ones, else those whose clients do not read. */
  #makeRoom(crowd: readonly C[], limit: number): void {
    const left = new Set(crowd);
    while (left.size >= limit) {
      const idle = [...left].filter((connection) => connection.isIdle);
      const quick = [...left].filter((connection) => !connection.isWaiting);
      const evicted = this.#evictFrom([idle, quick, [...left]].find(({ length }) => length > 0) ?? []);
      if (evicted === undefined) return;
      left.delete(evicted);
    }
  }

  #limitWaiting(crowd: readonly C[], limit: number): void {
    const waiting = new Set(crowd.filter((connection) => connection.isWaiting));
    while (waiting.size > Math.max(1, Math.floor(limit * WAITING_PART))) {
      const evicted = this.#evictFrom([...waiting]);
      if (evicted === undefined) return;
      waiting.delete(evicted);
    }
  }

  /** Closes the oldest candidate of the client that has the most of them. */
  #evictFrom(candidates: readonly C[]): C | undefined {
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

function isOf(clientKey: string): (connection: LimitedConnection) => boolean {
  return ({ client }) => client.key === clientKey;
}
