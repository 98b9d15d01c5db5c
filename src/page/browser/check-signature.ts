import type { SignatureCheck } from '../look-up/packet-card.tsx';
import type { PacketView } from '../look-up/step.ts';

/**
 * Verifies a packet with the Ed25519 of the browser, so that nobody has to believe pkarrd. Browsers have it where they trust the
 * way to the page: on this machine, and over TLS.
 */
export async function checkSignature({
  keyOctets,
  signature,
  timestamp,
  message,
}: PacketView): Promise<SignatureCheck> {
  if (!isSecureContext) return 'impossible';
  const octets = fromHex(message);
  // BEP 44: what is signed is the value and the sequence number in bencode.
  const prefix = new TextEncoder().encode(`3:seqi${timestamp}e1:v${octets.length}:`);
  const signed = new Uint8Array([...prefix, ...octets]);
  try {
    const key = await crypto.subtle.importKey('raw', fromHex(keyOctets), 'Ed25519', false, ['verify']);
    return (await crypto.subtle.verify('Ed25519', key, fromHex(signature), signed)) ? 'valid' : 'invalid';
  } catch {
    // A browser from before Ed25519.
    return 'impossible';
  }
}

function fromHex(text: string): Uint8Array<ArrayBuffer> {
  return Uint8Array.from(text.match(/../g) ?? [], (pair) => Number.parseInt(pair, 16));
}
