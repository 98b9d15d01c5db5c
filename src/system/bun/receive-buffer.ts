import { loadLibc } from './libc.ts';

/** Numbers of `setsockopt(2)` by platform: SOL_SOCKET and SO_RCVBUF. */
const platforms: Readonly<Record<string, readonly [level: number, option: number]>> = {
  linux: [1, 8],
  darwin: [0xffff, 0x1002],
};

/**
 * Sets the size of a socket's receive buffer. `Bun.udpSocket` has no option for it, so the C library is called. Where that
 * is not possible, the system's default remains, which only loses more datagrams in a burst.
 */
export async function growReceiveBuffer(descriptor: number, octets: number): Promise<void> {
  const platform = platforms[process.platform];
  if (platform === undefined) return;
  const [level, option] = platform;
  (await loadLibc())?.setsockopt(descriptor, level, option, Int32Array.of(octets), 4);
}
