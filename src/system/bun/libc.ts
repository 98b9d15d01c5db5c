/** The functions of the C library that are called. */
export interface Libc {
  setsockopt(descriptor: number, level: number, option: number, value: Int32Array, length: number): number;
  dup(descriptor: number): number;
}

/** Where the C library is, by platform. */
const libraries: Readonly<Record<string, string>> = {
  linux: 'libc.so.6',
  darwin: 'libSystem.B.dylib',
};

/** Calls the C library. Returns -1, as its functions do, where that is not possible: with musl, or if the system forbids it. */
export async function callLibc(call: (libc: Libc) => number): Promise<number> {
  const file = libraries[process.platform];
  if (file === undefined) return -1;
  try {
    const { dlopen } = await import('bun:ffi');
    const library = dlopen(file, {
      setsockopt: { args: ['i32', 'i32', 'i32', 'ptr', 'u32'], returns: 'i32' },
      dup: { args: ['i32'], returns: 'i32' },
    });
    const result = call(library.symbols);
    library.close();
    return result;
  } catch {
    return -1;
  }
}
