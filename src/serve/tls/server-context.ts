import { constants } from 'node:crypto';
import { createSecureContext, type SecureContext } from 'node:tls';
import type { CertificateSource } from '../certificate/certificate.ts';

/**
 * Milliseconds that the secrets of session tickets are used. Who finds them can read the sessions of TLS 1.2 that were begun with
 * them (RFC 5077 §5.5), so they are replaced long before anybody would look for them on a machine that runs for years.
 */
const RENEW_EVERY = 12 * 3_600_000;

/** What a server does with TLS: its certificate, and the secrets of its session tickets. */
export class ServerContext {
  readonly #source: CertificateSource;
  readonly #now: () => number;
  readonly #unlisten: () => void;
  #context: SecureContext | undefined;
  #madeAt = 0;

  /** `now` is a monotonic clock, in milliseconds. */
  constructor(source: CertificateSource, now: () => number) {
    this.#source = source;
    this.#now = now;
    // Made now, so that a certificate that cannot be used is known before anybody connects.
    this.#make();
    this.#unlisten = source.onChange(() => {
      this.#context = undefined;
    });
  }

  /** For the next connection. Connections that are open keep theirs. */
  get current(): SecureContext {
    if (this.#context !== undefined && this.#now() - this.#madeAt < RENEW_EVERY) return this.#context;
    return this.#make();
  }

  /** Follows the certificate no longer. */
  close(): void {
    this.#unlisten();
  }

  #make(): SecureContext {
    const { chain, key } = this.#source.current;
    this.#context = createSecureContext({
      cert: chain,
      key,
      // RFC 8310 §8.1 and RFC 9325 §3.1.1: "Implementations MUST NOT negotiate TLS version 1.1".
      minVersion: 'TLSv1.2',
      // RFC 9325 §3.5: a client of TLS 1.2 that renegotiates again and again costs a handshake each time.
      secureOptions: constants.SSL_OP_NO_RENEGOTIATION,
    });
    this.#madeAt = this.#now();
    return this.#context;
  }
}
