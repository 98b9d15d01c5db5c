/** The functions of the C library that are called, as `bun:ffi` gives them. */
declare module 'bun:ffi' {
  export function dlopen(
    file: string,
    symbols: {
      readonly setsockopt: {
        readonly args: readonly ['i32', 'i32', 'i32', 'ptr', 'u32'];
        readonly returns: 'i32';
      };
      readonly dup: { readonly args: readonly ['i32']; readonly returns: 'i32' };
    },
  ): {
    readonly symbols: {
      setsockopt(
        descriptor: number,
        level: number,
        option: number,
        value: Int32Array,
        length: number,
      ): number;
      dup(descriptor: number): number;
    };
    close(): void;
  };
}
