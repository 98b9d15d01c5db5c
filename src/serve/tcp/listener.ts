import type { Socket } from 'node:net';
import { TCPServer } from 'dns2';
import { Protocol } from '../../dns/protocol.ts';
import { listenTcp } from '../../system/listen-tcp.ts';
import { ListenError } from '../listen-error.ts';
import type { ServedAddress } from '../served-address.ts';
import type { TcpConnection } from './connection.ts';
import type { TcpConnections } from './connections.ts';

/**
 * Milliseconds from a connection to its first query in which we wait for it before we end: a client sends it at once, and it
 * takes a round trip.
 */
const FIRST_QUERY = 250;

/** Milliseconds that clients have to take their last answers and close. */
const LAST_ANSWERS = 150;

/** What is between TCP and DNS. */
export interface StreamLayer {
  /**
   * Makes the stream in an accepted connection, to whose end the connection is closed, and calls `use` with it, now or later. It need
   * not be ready. What it throws is a bug.
   */
  readonly secure: (socket: Socket, use: (stream: Socket) => void) => void;
  /** See `FIRST_QUERY`. */
  readonly firstQuery: number;
}

/** Answers TCP connections on one address. Of the package's server only the socket is used; its codec never runs. */
export class TcpListener extends TCPServer {
  readonly #connections: TcpConnections;
  readonly #own = new Set<TcpConnection>();
  /** The socket is another's too: a service manager's, or that of other workers. */
  readonly #isShared: boolean;
  readonly #layer: StreamLayer | undefined;
  #acceptErrors = 0;
  /** Settles when the last connection is closed, after listening has stopped. */
  #closed: Promise<void> | undefined;

  private constructor(connections: TcpConnections, isShared: boolean, layer: StreamLayer | undefined) {
    super();
    this.#connections = connections;
    this.#isShared = isShared;
    this.#layer = layer;
  }

  /**
   * Listens on `address`, port 0 means any, or at `descriptor`, which listens there.
   * @throws ListenError when the address is not available.
   */
  static async open(
    address: ServedAddress,
    connections: TcpConnections,
    descriptor?: number,
    layer?: StreamLayer,
  ): Promise<TcpListener> {
    const listener = new TcpListener(connections, descriptor !== undefined, layer);
    await new Promise<void>((resolve, reject) => {
      const refuse = (cause: Error) => reject(new ListenError('tcp', address, cause));
      listener.once('error', refuse);
      listener.once('listening', resolve);
      try {
        listenTcp(listener, { ...address, descriptor });
      } catch (error) {
        // A descriptor that is no socket; anything else is an event.
        if (!(error instanceof Error)) throw error;
        refuse(error);
      }
    });
    listener.removeAllListeners('error');
    // Accepting fails when there are no file descriptors; Node tries again by itself.
    listener.on('error', () => {
      listener.#acceptErrors++;
    });
    return listener;
  }

  /** The actual port. */
  get port(): number {
    const address = this.address();
    return typeof address === 'object' ? (address?.port ?? 0) : 0;
  }

  /** Number of connections that could not be accepted. */
  get acceptErrors(): number {
    return this.#acceptErrors;
  }

  /** Takes a connection. Overrides the package's reading and decoding; its types do not declare `handle`. */
  handle(socket: Socket): void {
    const layer = this.#layer;
    const connection = this.#connections.accept(socket, layer === undefined ? Protocol.TCP : Protocol.TLS);
    this.#own.add(connection);
    socket.once('close', () => this.#own.delete(connection));
    if (layer === undefined) {
      connection.use(socket);
      return;
    }
    try {
      layer.secure(socket, (stream) => connection.use(stream));
    } catch (error) {
      // A bug, which is reported like any other; the client need not wait for us to forget the connection.
      socket.destroy();
      throw error;
    }
  }

  /** See `Opened`. A client that was accepted a moment ago has its query read. */
  async leave(): Promise<void> {
    if (!this.#isShared) return;
    this.#stopListening();
    const patience = this.#layer?.firstQuery ?? FIRST_QUERY;
    await Promise.all([...this.#own].map((connection) => connection.firstQuery(patience)));
  }

  /** Stops listening and ends all connections, whose clients get what was answered. */
  async stop(): Promise<void> {
    this.#stopListening();
    for (const connection of this.#own) connection.finish();
    const tooLong = setTimeout(() => {
      for (const connection of this.#own) connection.destroy();
    }, LAST_ANSWERS);
    await this.#closed;
    clearTimeout(tooLong);
  }

  /** Accepts nothing more. */
  #stopListening(): void {
    this.#closed ??= new Promise<void>((resolve) => this.close(() => resolve()));
  }
}
