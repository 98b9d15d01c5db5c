import type { Socket } from 'node:net';
import { TCPServer } from 'dns2';
import type { ListenAddress } from '../../config/listen-address.ts';
import { listenOptions } from '../../system/inherited-ports.ts';
import { ListenError } from '../listen-error.ts';
import type { TcpConnection } from './connection.ts';
import type { TcpConnections } from './connections.ts';

/** Answers TCP connections on one address. Of the package's server only the socket is used; its codec never runs. */
export class TcpListener extends TCPServer {
  readonly #connections: TcpConnections;
  readonly #own = new Set<TcpConnection>();
  #acceptErrors = 0;

  private constructor(connections: TcpConnections) {
    super();
    this.#connections = connections;
  }

  /** Listens on `address`; port 0 means any. @throws ListenError when the address is not available. */
  static async open(address: ListenAddress, connections: TcpConnections): Promise<TcpListener> {
    const listener = new TcpListener(connections);
    const { host, port } = address;
    await new Promise<void>((resolve, reject) => {
      listener.once('error', (cause: Error) => reject(new ListenError('tcp', address, cause)));
      listener.listen(listenOptions(host, port), resolve);
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
    const connection = this.#connections.accept(socket);
    this.#own.add(connection);
    socket.once('close', () => this.#own.delete(connection));
  }

  /** Stops listening and closes all connections. */
  async stop(): Promise<void> {
    const closed = new Promise<void>((resolve) => this.close(() => resolve()));
    for (const connection of this.#own) connection.destroy();
    await closed;
  }
}
