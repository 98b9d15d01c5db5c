import { isIP } from 'node:net';
import type { ConnectionOptions, TLSSocket } from 'node:tls';
import { withInterfaceName } from '../../system/interfaces.ts';
import { UpstreamFailure } from '../errors.ts';
import type { TlsIdentity } from '../spec/upstream-spec.ts';
import type { TlsAuthorities } from './authorities.ts';
import { whyUntrusted } from './trust.ts';

/** A server that is reached over TLS. */
export interface TlsServer {
  /** A numeric address. */
  readonly address: string;
  readonly port: number;
  /** The host name of the server, if it differs from its identity. */
  readonly host: string | undefined;
  readonly identity: TlsIdentity;
  /** The protocol inside, for ALPN (RFC 7301). */
  readonly protocol?: 'h2';
}

/** Maximum number of unused session tickets: servers send two at a time, and the newest are kept. */
const MAX_SESSIONS = 4;

/** Opens connections to one server that resume earlier sessions where possible. */
export class TlsClient {
  readonly #address: string;
  readonly #options: ConnectionOptions;
  readonly #identity: TlsIdentity;
  readonly #authorities: TlsAuthorities;
  /** Unused tickets and sessions, the newest last. */
  #sessions: Buffer[] = [];

  constructor(server: TlsServer, authorities: TlsAuthorities) {
    const { address, port, host, identity, protocol } = server;
    this.#address = address;
    this.#identity = identity;
    this.#authorities = authorities;
    const name = identity.kind === 'name' ? identity.name : host;
    this.#options = {
      port,
      // RFC 6066 §3: "Literal IPv4 and IPv6 addresses are not permitted in "HostName"".
      servername: name === undefined || isIP(name) !== 0 ? '' : name,
      checkServerIdentity: (_, certificate) =>
        identity.kind === 'name'
          ? process
              .getBuiltinModule('node:tls')
              .checkServerIdentity(identity.name.replace(/%.*$/, ''), certificate)
          : undefined,
      ...(protocol !== undefined && { ALPNProtocols: [protocol] }),
    };
  }

  /**
   * Starts connecting. The socket emits `secureConnect` if the server is trusted; otherwise it is destroyed and emits an
   * `error` that is an UpstreamFailure `untrusted`. What is written before `secureConnect` is sent only after it, so that
   * nobody else sees it.
   */
  connect(): TLSSocket {
    // RFC 8446 §C.4: "Clients SHOULD NOT reuse a ticket for multiple connections".
    const session = this.#sessions.pop();
    // Node's own verification does not describe the certificate, and knows no pins: `whyUntrusted` decides.
    const socket = process.getBuiltinModule('node:tls').connect({
      ...this.#options,
      host: withInterfaceName(this.#address),
      secureContext: this.#authorities.context(),
      rejectUnauthorized: false,
      ...(session !== undefined && { session }),
    });
    socket.setNoDelay(true);
    socket.cork();
    let isTrusted = false;
    const early: Buffer[] = [];
    socket.on('session', (given) => {
      if (isTrusted) this.#keep(given);
      else early.push(given);
    });
    socket.once('secureConnect', () => {
      const failure = judge(socket, this.#identity);
      if (failure !== undefined) {
        socket.destroy(failure);
        return;
      }
      isTrusted = true;
      for (const given of early) this.#keep(given);
      // TLS 1.2 does not issue a new session after resumption: the old one is reused.
      if (session !== undefined && socket.getProtocol() === 'TLSv1.2' && socket.isSessionReused()) {
        this.#keep(session);
      }
      socket.uncork();
    });
    return socket;
  }

  /** Forgets all sessions: on another network a resumed session would identify this machine. */
  forget(): void {
    this.#sessions = [];
  }

  #keep(session: Buffer): void {
    this.#sessions.push(session);
    if (this.#sessions.length > MAX_SESSIONS) this.#sessions.shift();
  }
}

/** Like `whyUntrusted`; a certificate that cannot be parsed is not trusted either. */
function judge(socket: TLSSocket, identity: TlsIdentity): UpstreamFailure | undefined {
  try {
    return whyUntrusted(socket, identity);
  } catch (error) {
    return new UpstreamFailure('untrusted', 'is not trusted: its certificate cannot be parsed', {
      cause: error,
    });
  }
}
