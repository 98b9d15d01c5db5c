import type { Socket } from 'node:net';
import { TCPServer } from 'dns2';
import type { ListenAddress } from '../config/listen-address.ts';
import { listenOptions } from '../system/inherited-ports.ts';
import { ListenError } from './listen-error.ts';
import type { Responder } from './responder.ts';
import { type ConnectionRules, TcpConnection } from './tcp-connection.ts';

/** RFC 7766 §6.2.3 leaves the numbers to the server; these are those of common stub resolvers. */
export interface TcpLimits {
  /** Connections at a time. */
  readonly connections: number;
  /** Connections of one client address at a time. */
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

/** Counts since the start. */
export interface TcpStatistics {
  readonly open: number;
  readonly accepted: number;
  /** Idle connections that were closed to make room. */
  readonly evicted: number;
  /** New connections that found no room. */
  readonly refused: number;
}

/** Answers TCP connections at one address. The server of the package is used for its listening; its codec never runs. */
export class TcpListener extends TCPServer {
  readonly #responder: Responder;
  readonly #limits: TcpLimits;
  /** Oldest first. */
  readonly #open = new Set<TcpConnection>();
  #accepted = 0;
  #evicted = 0;
  #refused = 0;

  private constructor(responder: Responder, limits: TcpLimits) {
    super();
    this.#responder = responder;
    this.#limits = limits;
  }

  /** Listens on `address`; port 0 takes any. @throws ListenError when the address cannot be had. */
  static async open(
    address: ListenAddress,
    responder: Responder,
    limits: TcpLimits = defaultTcpLimits,
  ): Promise<TcpListener> {
    const listener = new TcpListener(responder, limits);
    const { host, port } = address;
    await new Promise<void>((resolve, reject) => {
      listener.once('error', (cause: Error) => reject(new ListenError('tcp', address, cause)));
      listener.listen(listenOptions(host, port), resolve);
    });
    listener.removeAllListeners('error');
    // Accepting can fail for want of descriptors; it goes on by itself when there are some.
    listener.on('error', () => {
      listener.#refused++;
    });
    return listener;
  }

  /** The port that was taken. */
  get port(): number {
    const address = this.address();
    return typeof address === 'object' ? (address?.port ?? 0) : 0;
  }

  /** Takes a connection, in place of the reading and decoding of the package (whose types do not show `handle`). */
  async handle(socket: Socket): Promise<void> {
    const client = socket.remoteAddress ?? '';
    if (!this.#makeRoom(client)) {
      this.#refused++;
      socket.destroy();
      return;
    }
    this.#accepted++;
    this.#open.add(new TcpConnection(socket, this.#responder, this.#rules));
  }

  /** What was done. */
  statistics(): TcpStatistics {
    return {
      open: this.#open.size,
      accepted: this.#accepted,
      evicted: this.#evicted,
      refused: this.#refused,
    };
  }

  /** Accepts no more and ends what is open. */
  async stop(): Promise<void> {
    const closed = new Promise<void>((resolve) => this.close(() => resolve()));
    for (const connection of this.#open) connection.destroy();
    await closed;
  }

  readonly #rules: ConnectionRules = {
    idleLimit: () =>
      this.#open.size * 2 > this.#limits.connections ? this.#limits.idleUnderPressure : this.#limits.idle,
    onClosed: (connection) => this.#open.delete(connection),
  };

  /** When there is no place, the idle connection that is open longest gives up its own. */
  #makeRoom(client: string): boolean {
    const { connections, connectionsPerClient } = this.#limits;
    const own = [...this.#open].filter((connection) => connection.client === client);
    const crowd = own.length >= connectionsPerClient ? own : [...this.#open];
    if (own.length < connectionsPerClient && crowd.length < connections) return true;
    const idle = crowd.find((connection) => connection.isIdle);
    if (idle === undefined) return false;
    this.#evicted++;
    this.#open.delete(idle);
    idle.destroy();
    return true;
  }
}
