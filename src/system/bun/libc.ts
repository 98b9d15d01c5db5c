/** The functions of the C library that are called. Each returns -1 on failure. */
export interface Libc {
  setsockopt(descriptor: number, level: number, option: number, value: Int32Array, length: number): number;
  dup(descriptor: number): number;
  /** With a command that takes a number. */
  fcntl(descriptor: number, command: number, argument: number): number;
  socket(domain: number, type: number, protocol: number): number;
  /** Returns how many octets were sent. */
  sendto(
    descriptor: number,
    octets: Uint8Array,
    length: number,
    flags: number,
    address: Uint8Array,
    addressLength: number,
  ): number | bigint;
  /** Writes seconds and nanoseconds. */
  clock_gettime(clock: number, time: BigInt64Array): number;
}

/** Where the C library is, by platform. With musl it has another name, and nothing is called. */
const libraries: Readonly<Record<string, string>> = {
  linux: 'libc.so.6',
  darwin: 'libSystem.B.dylib',
};

let loaded: Promise<Libc | undefined> | undefined;

/** The C library; undefined where it cannot be called: with musl, or if the system forbids it. It stays loaded. */
export function loadLibc(): Promise<Libc | undefined> {
  loaded ??= load();
  return loaded;
}

async function load(): Promise<Libc | undefined> {
  const file = libraries[process.platform];
  if (file === undefined) return undefined;
  try {
    const { dlopen } = await import('bun:ffi');
    return dlopen(file, {
      setsockopt: { args: ['i32', 'i32', 'i32', 'ptr', 'u32'], returns: 'i32' },
      dup: { args: ['i32'], returns: 'i32' },
      fcntl: { args: ['i32', 'i32', 'i32'], returns: 'i32' },
      socket: { args: ['i32', 'i32', 'i32'], returns: 'i32' },
      clock_gettime: { args: ['i32', 'ptr'], returns: 'i32' },
      sendto: { args: ['i32', 'ptr', 'u64', 'i32', 'ptr', 'u32'], returns: 'i64' },
    }).symbols;
  } catch {
    return undefined;
  }
}
