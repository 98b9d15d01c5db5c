import type { TLSSocket } from 'node:tls';
import type { PublicKey } from '../../pkarr/public-key.ts';

/**
 * RFC 8410 §4: the SubjectPublicKeyInfo of an Ed25519 key is this, and the 32 octets of the key. There is one encoding of it:
 * "the parameters MUST be absent".
 */
const SPKI_HEAD = Buffer.from('302a300506032b6570032100', 'hex');

/**
 * Whether the server of a TLS connection proved to have `key`: its certificate is for that key, octet for octet. Who
 * signed the certificate, its names and its dates say nothing about the key, and are not looked at. That the server has the secret
 * was proved by the handshake: RFC 8446 §4.4.3, its signature over the transcript is verified with the certificate's key.
 */
export function hasServerKey(socket: TLSSocket, key: PublicKey): boolean {
  // Of TLS 1.2 and of resumed sessions this is not true.
  if (socket.getProtocol() !== 'TLSv1.3' || socket.isSessionReused()) return false;
  return spkiOf(socket)?.equals(Buffer.concat([SPKI_HEAD, key.toBytes()])) === true;
}

/** The SubjectPublicKeyInfo in the server's certificate (RFC 5280 §4.1.2.7), DER; undefined when it has none that can be read. */
function spkiOf(socket: TLSSocket): Buffer | undefined {
  try {
    return socket.getPeerX509Certificate()?.publicKey.export({ type: 'spki', format: 'der' });
  } catch {
    // A key of a kind that OpenSSL does not know is not the one that is expected.
    return undefined;
  }
}
