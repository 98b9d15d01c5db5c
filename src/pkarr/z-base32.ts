import { decode, encode } from 'z32';

/** Octets as z-base32, with zero bits behind the last octet. In pages, `z-base32-pages.ts` is in the place of this file. */
export function toZBase32(octets: Uint8Array): string {
  return encode(octets);
}

/**
 * The octets of lower-case z-base32; the caller has checked the alphabet. Left-over bits at the end are dropped unchecked: who
 * must know that there is one spelling encodes again and compares.
 */
export function fromZBase32(text: string): Uint8Array {
  // The package rounds up, and has the left-over bits as one octet more.
  return Uint8Array.from(decode(text).subarray(0, (text.length * 5) >>> 3));
}
