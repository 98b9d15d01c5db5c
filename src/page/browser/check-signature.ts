import { octetsFromHex } from '../../octets/text.ts';
import { fromZBase32 } from '../../pkarr/z-base32.ts';
import type { SignatureCheck } from '../look-up/packet-card.tsx';
import type { PacketView } from '../look-up/step.ts';

/**
 * Verifies a packet with the Ed25519 of the browser, so that nobody has to believe pkarrd. Browsers have it where they trust the
 * way to the page: on this machine, and over TLS.
 */
export async function checkSignature({
  key,
  signature,
  timestamp,
  message,
}: PacketView): Promise<SignatureCheck> {
  if (!isSecureContext) return 'impossible';
  const octets = octetsFromHex(message);
  // BEP 44: what is signed is the value and the sequence number in bencode.
  const prefix = new TextEncoder().encode(`3:seqi${timestamp}e1:v${octets.length}:`);
  const signed = new Uint8Array([...prefix, ...octets]);
  try {
    const signer = await crypto.subtle.importKey('raw', ownOctets(fromZBase32(key)), 'Ed25519', false, [
      'verify',
    ]);
    const isValid = await crypto.subtle.verify(
      'Ed25519',
      signer,
      ownOctets(octetsFromHex(signature)),
      signed,
    );
    return isValid ? 'valid' : 'invalid';
  } catch {
    // A browser from before Ed25519.
    return 'impossible';
  }
}

/** The same octets, in a buffer of their own: the types of WebCrypto take no shared one. */
function ownOctets(octets: Uint8Array): Uint8Array<ArrayBuffer> {
  return new Uint8Array(octets);
}
