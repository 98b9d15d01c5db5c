/** z-base32 (https://philzimmermann.com/docs/human-oriented-base-32-encoding.txt); the package has no types. */
declare module 'z32' {
  /** Five bits for each character, zero bits behind the last octet. */
  export function encode(octets: Uint8Array): string;
  /** @throws Error for a character outside the lower-case alphabet; left-over bits are dropped unchecked. */
  export function decode(text: string): Uint8Array;
}
