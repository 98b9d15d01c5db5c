/* Octets as text and back, with what servers and browsers both have. */

/** Two lower-case hexadecimal digits for each octet (RFC 4648 §8, in lower case). */
export function hexOf(octets: Uint8Array): string {
  let digits = '';
  for (const octet of octets) digits += HEX[octet];
  return digits;
}

const HEX: readonly string[] = Array.from({ length: 256 }, (_, octet) => octet.toString(16).padStart(2, '0'));

/** The octets of an even number of hexadecimal digits in any case; the caller has checked that there is nothing else. */
export function octetsFromHex(digits: string): Uint8Array {
  const octets = new Uint8Array(digits.length / 2);
  for (let at = 0; at < octets.length; at++)
    octets[at] = Number.parseInt(digits.slice(2 * at, 2 * at + 2), 16);
  return octets;
}

/** Base64 with padding (RFC 4648 §4). */
export function base64Of(octets: Uint8Array): string {
  return btoa(latin1Of(octets));
}

/** The octets of base64 with padding; undefined for anything that `base64Of` does not write. */
export function octetsFromBase64(text: string): Uint8Array | undefined {
  // atob skips white space and takes a text without its padding, so only what comes out again is valid.
  if (!/^[A-Za-z0-9+/]*={0,2}$/.test(text) || text.length % 4 !== 0) return undefined;
  const octets = octetsFromLatin1(atob(text));
  return base64Of(octets) === text ? octets : undefined;
}

/** A character U+0000 to U+00FF for each octet. */
export function latin1Of(octets: Uint8Array): string {
  let text = '';
  for (const octet of octets) text += String.fromCharCode(octet);
  return text;
}

/** An octet for each character U+0000 to U+00FF. */
export function octetsFromLatin1(text: string): Uint8Array {
  const octets = new Uint8Array(text.length);
  for (let at = 0; at < octets.length; at++) octets[at] = text.charCodeAt(at);
  return octets;
}
