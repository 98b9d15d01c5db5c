import type { ListenAddress } from '../../config/listen-address.ts';
import type { HttpsConnection } from '../../system/https/shared/server.ts';
import { SocketServer } from '../../system/https/socket-server.ts';
import type { CertificateSource } from '../certificate/certificate.ts';
import {
  type ConnectionClient,
  type ConnectionLimits,
  ConnectionTable,
  connectionClient,
  type LimitedConnection,
} from '../connection-table.ts';
import { ListenError } from '../listen-error.ts';
import type { Opened } from '../opened.ts';
import type { Responder } from '../responder.ts';
import type { Service } from '../served-address.ts';
import type { Handshakes } from '../tls/handshakes.ts';
import { DohHandler } from './doh-handler.ts';
import { HostGuard } from './host-guard.ts';

/**
 * Limits of connections. A client needs one, a browser one for each profile; but a proxy, and a crowd behind one address, have
 * many, and each costs a handshake to replace.
 */
const httpsLimits: ConnectionLimits = { connections: 192, connectionsPerClient: 128, young: 256 };

/** What DNS over HTTPS is answered with. */
export interface HttpsParts {
  readonly responder: Responder;
  /** Its names are those that may be asked for, without TLS too. Undefined only without TLS. */
  readonly certificate: CertificateSource | undefined;
  readonly connections: HttpsConnections;
  readonly handshakes: Handshakes;
  /** Called with an unexpected error: a bug, which costs one answer. */
  readonly onBug: (error: unknown) => void;
}

/**
 * Answers DNS over HTTPS (RFC 8484) on one address, or at a descriptor that listens there; with `https-plain` without TLS, for
 * a proxy of which the client is then the proxy: no header tells us of another one, since anybody could write it.
 * @throws ListenError when the address is not available.
 */
export async function openDoh(
  service: Extract<Service, 'https' | 'https-plain'>,
  address: ListenAddress,
  { responder, certificate, connections, handshakes, onBug }: HttpsParts,
  descriptor?: number,
): Promise<Opened> {
  const hosts = new HostGuard(address.host, () => certificate?.known?.names ?? []);
  const handler = new DohHandler({ responder, hosts });
  try {
    const server = await SocketServer.open({
      place: { ...address, descriptor },
      certificate: service === 'https' ? certificate : undefined,
      handler: (request) => handler.handle(request),
      onConnection: (connection) => connections.add(connection),
      handshakes,
      onBug,
    });
    return {
      port: server.port,
      ...(descriptor !== undefined && { leave: () => server.leave() }),
      stop: () => server.stop(),
    };
  } catch (error) {
    if (!(error instanceof Error)) throw error;
    throw new ListenError('tcp', { ...address, service }, error);
  }
}

/** The connections of all listeners for DNS over HTTPS, limited together, and apart from those of TCP. */
export class HttpsConnections {
  readonly #open = new ConnectionTable<CountedConnection>(httpsLimits);

  /** Adds one that was accepted; makes room for it. */
  add(connection: HttpsConnection): { onWaiting(): void; onClosed(): void } {
    const counted = new CountedConnection(connection);
    this.#open.makeRoomFor(counted.client);
    this.#open.add(counted);
    return {
      onWaiting: () => this.#open.waits(counted),
      onClosed: () => this.#open.delete(counted),
    };
  }
}

class CountedConnection implements LimitedConnection {
  readonly client: ConnectionClient;
  readonly #connection: HttpsConnection;

  constructor(connection: HttpsConnection) {
    this.client = connectionClient(connection.address);
    this.#connection = connection;
  }

  get acceptedAt(): number {
    return this.#connection.acceptedAt;
  }

  get isIdle(): boolean {
    return this.#connection.isIdle;
  }

  get isWaiting(): boolean {
    return !this.#connection.isIdle;
  }

  destroy(): void {
    this.#connection.destroy();
  }
}
