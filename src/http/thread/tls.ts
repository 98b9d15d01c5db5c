import type { Socket } from 'node:net';
import { TLSSocket } from 'node:tls';
import type { Certificate } from '../../serve/certificate/certificate.ts';
import { HeldCertificate } from '../../serve/certificate/current-certificate.ts';
import { ServerContext } from '../../serve/tls/server-context.ts';

/** TLS in front of HTTP/1.1, with the certificate in force. */
export class HttpTls {
  readonly #certificate = new HeldCertificate();
  #context: ServerContext | undefined;

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

  /** Puts TLS on a connection; undefined when there is no certificate, and then the connection is of no use. */
  secure(socket: Socket): TLSSocket | undefined {
    if (this.#certificate.known === undefined) return undefined;
    this.#context ??= new ServerContext(this.#certificate, () => performance.now());
    const secured = new TLSSocket(socket, {
      isServer: true,
      secureContext: this.#context.current,
      ALPNProtocols: ['http/1.1'],
    });
    // What happens to it, happens to the stream on top of it.
    socket.on('error', () => {});
    secured.on('error', () => secured.destroy());
    return secured;
  }
}

const noNames: readonly string[] = [];
