import { TLSSocket } from 'node:tls';
import type { ListenAddress } from '../../config/listen-address.ts';
import { onFirstOctets } from '../../system/listening/first-octets.ts';
import type { CertificateSource } from '../certificate/certificate.ts';
import type { Opened } from '../opened.ts';
import type { TcpConnections } from '../tcp/connections.ts';
import { TcpListener } from '../tcp/listener.ts';
import type { Handshakes } from './handshakes.ts';
import { ServerContext } from './server-context.ts';

/**
 * The protocol that IANA's list of RFC 7301 has for RFC 7858. A client that names none is served too, one that names only
 * others gets the alert of RFC 7301 §3.2.
 */
const ALPN = ['dot'];

/**
 * Milliseconds from a connection to its first query in which we wait for it before we end: two or three round trips, and a
 * signature of ours.
 */
const FIRST_QUERY = 750;

/** What DNS over TLS is answered with. */
export interface TlsParts {
  /** Those of TCP: a connection counts from the moment in which it is accepted, before anything of TLS has been said. */
  readonly connections: TcpConnections;
  readonly certificate: CertificateSource;
  readonly handshakes: Handshakes;
}

/**
 * Answers DNS over TLS (RFC 7858) on one address, or at a descriptor that listens there. The limits are those of TCP; the time
 * that a connection may be idle includes its handshake, so one that never ends costs no more than one without a query.
 * @throws ListenError when the address is not available.
 */
export async function openTls(
  address: ListenAddress,
  { connections, certificate, handshakes }: TlsParts,
  descriptor?: number,
): Promise<Opened> {
  const context = new ServerContext(certificate, () => performance.now());
  try {
    const listener = await TcpListener.open({ ...address, service: 'tls' }, connections, descriptor, {
      secure(socket, use) {
        const stop = onFirstOctets(socket, () => {
          handshakes.begin(socket.remoteAddress ?? '', socket, () => {
            stop();
            const secureContext = context.current;
            use(new TLSSocket(socket, { isServer: true, secureContext, ALPNProtocols: ALPN }));
          });
        });
      },
      firstQuery: FIRST_QUERY,
    });
    return {
      port: listener.port,
      leave: () => listener.leave(),
      async stop() {
        await listener.stop();
        context.close();
      },
    };
  } catch (error) {
    context.close();
    throw error;
  }
}
