/** The one function of the C library that is called, as `bun:ffi` gives it. */
declare module 'bun:ffi' {
  export function dlopen(
    file: string,
    symbols: {
      readonly setsockopt: {
        readonly args: readonly ['i32', 'i32', 'i32', 'ptr', 'u32'];
        readonly returns: 'i32';
      };
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
    };
    close(): void;
  };
}
