/** The functions of the C library that are called, as `bun:ffi` gives them. */
declare module 'bun:ffi' {
  interface Signature {
    readonly args: readonly ('i32' | 'u32' | 'u64' | 'ptr')[];
    readonly returns: 'i32' | 'i64';
  }
  /** The address of the first octet, for as long as the octets are referenced. */
  export function ptr(octets: Uint8Array): number;
  export function dlopen(
    file: string,
    symbols: Readonly<Record<keyof import('./libc.ts').Libc, Signature>>,
  ): { readonly symbols: import('./libc.ts').Libc };
}
