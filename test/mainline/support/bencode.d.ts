/** The `bencode` package carries no types. Tests use it as a second opinion and to play other programs. */
declare module 'bencode' {
  const bencode: {
    encode(value: unknown): Buffer;
    decode(bytes: Uint8Array): unknown;
  };
  export = bencode;
}
