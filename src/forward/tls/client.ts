import { isIP } from 'node:net';
import { type ConnectionOptions, checkServerIdentity, connect, type TLSSocket } from 'node:tls';
import { withInterfaceName } from '../../system/interfaces.ts';
import { UpstreamFailure } from '../errors.ts';
import type { TlsIdentity } from '../spec/upstream-spec.ts';
import type { TlsAuthorities } from './authorities.ts';
import { whyUntrusted } from './trust.ts';

/** A server that is reached over TLS. */
export interface TlsServer {
  /** A numeric address: nothing is looked up. */
  readonly address: string;
  readonly port: number;
  /** The host name of the server, when it has one besides what its identity says. */
  readonly host: string | undefined;
  readonly identity: TlsIdentity;
  /** The protocol inside, for ALPN (RFC 7301). */
  readonly protocol?: 'h2';
}

/** Servers give two tickets at a time; of those that are not used the newest are kept. */
const MAX_SESSIONS = 4;

/** Connections to one server, each of which resumes the session of an earlier one when it can. */
export class TlsClient {
  readonly #address: string;
  readonly #options: ConnectionOptions;
  readonly #identity: TlsIdentity;
  readonly #authorities: TlsAuthorities;
  /** Tickets and sessions that were not used yet, the newest last. */
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
          ? checkServerIdentity(identity.name.replace(/%.*$/, ''), certificate)
          : undefined,
      ...(protocol !== undefined && { ALPNProtocols: [protocol] }),
    };
  }

  /**
   * Begins a connection. It emits `secureConnect` when the server is the one that was meant, and else an `error`
   * that is an UpstreamFailure `untrusted`, having been destroyed. What is written before leaves only after:
   * nobody else is to see it.
   */
  connect(): TLSSocket {
    // RFC 8446 §C.4: "Clients SHOULD NOT reuse a ticket for multiple connections".
    const session = this.#sessions.pop();
    // Node's own refusal would say neither what the certificate was nor know of pins: `whyUntrusted` judges.
    const socket = connect({
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
      // TLS 1.2 has no new session after one was resumed: the old one serves again.
      if (session !== undefined && socket.getProtocol() === 'TLSv1.2' && socket.isSessionReused()) {
        this.#keep(session);
      }
      socket.uncork();
    });
    return socket;
  }

  /** The next connection begins afresh: on another network a resumed session would tell who moved there. */
  forget(): void {
    this.#sessions = [];
  }

  #keep(session: Buffer): void {
    this.#sessions.push(session);
    if (this.#sessions.length > MAX_SESSIONS) this.#sessions.shift();
  }
}

/** As `whyUntrusted`; a certificate that cannot even be looked at is not trusted either. */
function judge(socket: TLSSocket, identity: TlsIdentity): UpstreamFailure | undefined {
  try {
    return whyUntrusted(socket, identity);
  } catch (error) {
    return new UpstreamFailure('untrusted', 'is not trusted: its certificate cannot be parsed', {
      cause: error,
    });
  }
}
