/** Names and numbers of `setsockopt(2)` by platform: where the C library is, SOL_SOCKET and SO_RCVBUF. */
const platforms: Readonly<Record<string, readonly [library: string, level: number, option: number]>> = {
  linux: ['libc.so.6', 1, 8],
  darwin: ['libSystem.B.dylib', 0xffff, 0x1002],
};

/**
 * Lets `octets` wait in the kernel for a socket. `Bun.udpSocket` has no option for it, so the C library is asked. Where
 * that does not work, the system's default stays, which loses more in a burst and nothing else.
 */
export async function growReceiveBuffer(descriptor: number, octets: number): Promise<void> {
  const platform = platforms[process.platform];
  if (platform === undefined) return;
  const [file, level, option] = platform;
  try {
    const { dlopen } = await import('bun:ffi');
    const library = dlopen(file, {
      setsockopt: { args: ['i32', 'i32', 'i32', 'ptr', 'u32'], returns: 'i32' },
    });
    library.symbols.setsockopt(descriptor, level, option, Int32Array.of(octets), 4);
    library.close();
  } catch {
    // Another C library (musl), or a system that forbids it.
  }
}
