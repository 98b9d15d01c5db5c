import type { Socket } from 'node:net';
import { TLSSocket } from 'node:tls';
import type { Certificate } from '../../serve/certificate/certificate.ts';
import { HeldCertificate } from '../../serve/certificate/current-certificate.ts';
import { Handshakes } from '../../serve/tls/handshakes.ts';
import { ServerContext } from '../../serve/tls/server-context.ts';
import type { HandshakePacer } from '../../system/https/shared/server.ts';
import { onFirstOctets } from '../../system/listening/first-octets.ts';

/** TLS in front of HTTP/1.1, with the certificate in force. */
export class HttpTls {
  readonly #certificate = new HeldCertificate();
  #context: ServerContext | undefined;
  #handshakes: HandshakePacer | undefined;

  /** @param handshakes decides when they begin; another one in tests. */
  constructor(handshakes?: HandshakePacer) {
    this.#handshakes = handshakes;
  }

  /** The names of the certificate, which are names of this server; the same list while it is the same certificate. */
  get names(): readonly string[] {
    return this.#certificate.known?.names ?? noNames;
  }

  /** New connections get this one. */
  use(certificate: Certificate | undefined): void {
    const before = this.#certificate.known;
    if (certificate === undefined || (before?.chain === certificate.chain && before.key === certificate.key))
      return;
    this.#certificate.set(certificate);
  }

  /**
   * Puts TLS on a connection when its first octets are there and its handshake may begin, and calls `use` with what is in it. Without
   * a certificate the connection is of no use, and ends.
   */
  secure(socket: Socket, use: (stream: TLSSocket) => void): void {
    // What happens to it, happens to the stream on top of it.
    socket.on('error', () => socket.destroy());
    if (this.#certificate.known === undefined) {
      socket.destroy();
      return;
    }
    this.#context ??= new ServerContext(this.#certificate, () => performance.now());
    const context = this.#context;
    // Made here, since most machines have no use for it.
    this.#handshakes ??= new Handshakes();
    const handshakes = this.#handshakes;
    const stop = onFirstOctets(socket, () => {
      handshakes.begin(socket.remoteAddress ?? '', socket, () => {
        stop();
        const secured = new TLSSocket(socket, {
          isServer: true,
          secureContext: context.current,
          ALPNProtocols: ['http/1.1'],
        });
        secured.on('error', () => secured.destroy());
        use(secured);
      });
    });
  }
}

const noNames: readonly string[] = [];
