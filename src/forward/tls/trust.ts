import { createHash } from 'node:crypto';
import type { TLSSocket } from 'node:tls';
import { UpstreamFailure } from '../errors.ts';
import type { TlsIdentity } from '../spec/upstream-spec.ts';

/** Maximum length of a text of a certificate in a message. */
const MAX_QUOTED_LENGTH = 120;

/**
 * Why the server of `socket` is not trusted after the handshake; undefined if it is. RFC 8310 §8.1: the name is compared with the certificate as RFC 6125 says, and the certificate must be
 * valid. RFC 7858 §4.2: with a pin only the public key counts, whatever else the certificate says.
 */
export function whyUntrusted(socket: TLSSocket, identity: TlsIdentity): UpstreamFailure | undefined {
  if (identity.kind === 'pin') {
    // A resumed session was established with a server that had the key.
    if (socket.isSessionReused()) return undefined;
    const sha256 = publicKeyPin(socket);
    if (sha256 === identity.sha256) return undefined;
    return untrusted(
      `is not trusted: its public key is sha256/${sha256}, the pin is sha256/${identity.sha256}`,
    );
  }
  if (socket.authorized) return undefined;
  // Its type says Error, but it is a code.
  const code = String(socket.authorizationError);
  return untrusted(`is not trusted as ${identity.name}: ${whatIsWrong(socket, code)} (${code})`);
}

/** The SHA-256 of the DER SubjectPublicKeyInfo of the certificate, in base64. */
function publicKeyPin(socket: TLSSocket): string {
  const certificate = socket.getPeerX509Certificate();
  if (certificate === undefined) return '(none)';
  const key = certificate.publicKey.export({ type: 'spki', format: 'der' });
  return createHash('sha256').update(key).digest('base64');
}

/** The clause for an error code of OpenSSL or Node. */
function whatIsWrong(socket: TLSSocket, code: string): string {
  const certificate = socket.getPeerX509Certificate();
  if (certificate === undefined) return 'it presented no certificate';
  switch (code) {
    case 'ERR_TLS_CERT_ALTNAME_INVALID':
      return `its certificate is for ${quoted(certificate.subjectAltName ?? certificate.subject)}`;
    case 'CERT_HAS_EXPIRED':
      return `its certificate expired on ${quoted(certificate.validTo)}`;
    case 'CERT_NOT_YET_VALID':
      return `its certificate is not valid before ${quoted(certificate.validFrom)}; check the clock of this machine`;
    case 'DEPTH_ZERO_SELF_SIGNED_CERT':
      return 'its certificate is self-signed';
    case 'SELF_SIGNED_CERT_IN_CHAIN':
    case 'UNABLE_TO_GET_ISSUER_CERT':
    case 'UNABLE_TO_GET_ISSUER_CERT_LOCALLY':
    case 'UNABLE_TO_VERIFY_LEAF_SIGNATURE':
      return `its certificate is signed by an unknown authority, ${quoted(certificate.issuer)}`;
    default:
      return 'its certificate is not valid';
  }
}

function untrusted(text: string): UpstreamFailure {
  return new UpstreamFailure('untrusted', text);
}

/** An untrusted text, made fit for one line of a log. */
function quoted(text: string): string {
  const printable = text.replace(/\s+/g, ' ').replace(/[^ -~]/g, '?');
  return printable.length <= MAX_QUOTED_LENGTH ? printable : `${printable.slice(0, MAX_QUOTED_LENGTH)}…`;
}
