import { X509Certificate } from 'node:crypto';
import type { SecureContext } from 'node:tls';

/** Why a text does not contain certificate authorities, as a clause. */
export class TlsAuthoritiesError extends Error {
  override readonly name = 'TlsAuthoritiesError';
}

/** Maximum number of certificates in one text: all public authorities together are about 150. */
const MAX_CERTIFICATES = 500;

/** One certificate in a PEM file (RFC 7468 §5). */
const pemCertificate = /-----BEGIN CERTIFICATE-----[^-]*-----END CERTIFICATE-----/g;

/** The trusted certificate authorities: the public ones that Node bundles, and any others that are given. */
export class TlsAuthorities {
  /** Node's own, with what NODE_EXTRA_CA_CERTS adds. */
  static readonly bundled: TlsAuthorities = new TlsAuthorities([]);
  readonly #added: readonly string[];
  #context: SecureContext | undefined;

  private constructor(added: readonly string[]) {
    this.#added = added;
  }

  /**
   * The public authorities and those in `pem`, the text of a PEM file.
   * @throws TlsAuthoritiesError for a text without certificates, or with one that cannot be parsed.
   */
  static parse(pem: string): TlsAuthorities {
    const found = pem.match(pemCertificate) ?? [];
    if (found.length === 0) throw new TlsAuthoritiesError('contains no certificate in PEM format');
    if (found.length > MAX_CERTIFICATES) {
      throw new TlsAuthoritiesError(`contains more than ${MAX_CERTIFICATES} certificates`);
    }
    found.forEach((certificate, index) => {
      try {
        new X509Certificate(certificate);
      } catch (error) {
        const message = `contains a certificate that cannot be parsed (number ${index + 1})`;
        throw new TlsAuthoritiesError(message, { cause: error });
      }
    });
    return new TlsAuthorities(found);
  }

  /** The context for connections, created on first use, because parsing the public authorities takes a while. */
  context(): SecureContext {
    this.#context ??= contextFor(this.#added);
    return this.#context;
  }
}

function contextFor(added: readonly string[]): SecureContext {
  // Loaded here: who has no encrypted upstream needs nothing of it.
  const { createSecureContext, rootCertificates } = process.getBuiltinModule('node:tls');
  // RFC 9325 §3.1.1: "Implementations MUST NOT negotiate TLS version 1.1".
  const options = { minVersion: 'TLSv1.2' } as const;
  return createSecureContext(
    added.length === 0 ? options : { ...options, ca: [...rootCertificates, ...added] },
  );
}
