/*
 * What pages have in the place of the package `z32`, which would bring 4 kB of `b4a` to them. A test compares the two.
 */

/** Five bits for each character (https://philzimmermann.com/docs/human-oriented-base-32-encoding.txt). */
const ALPHABET = 'ybndrfg8ejkmcpqxot1uwisza345h769';

/** See `z-base32.ts`. */
export function toZBase32(octets: Uint8Array): string {
  let text = '';
  let bits = 0;
  let count = 0;
  for (const octet of octets) {
    bits = (bits << 8) | octet;
    count += 8;
    while (count >= 5) {
      count -= 5;
      text += ALPHABET[(bits >>> count) & 31];
    }
    bits &= 31;
  }
  return count === 0 ? text : text + ALPHABET[(bits << (5 - count)) & 31];
}

/** See `z-base32.ts`. */
export function fromZBase32(text: string): Uint8Array {
  const octets = new Uint8Array((text.length * 5) >>> 3);
  let bits = 0;
  let count = 0;
  let at = 0;
  for (const character of text) {
    bits = (bits << 5) | ALPHABET.indexOf(character);
    count += 5;
    if (count < 8) continue;
    count -= 8;
    octets[at++] = bits >>> count;
    bits &= 0xff;
  }
  return octets;
}
