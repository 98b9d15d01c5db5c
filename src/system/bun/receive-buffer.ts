import { callLibc } from './libc.ts';

/** Numbers of `setsockopt(2)` by platform: SOL_SOCKET and SO_RCVBUF. */
const platforms: Readonly<Record<string, readonly [level: number, option: number]>> = {
  linux: [1, 8],
  darwin: [0xffff, 0x1002],
};

/**
 * Lets `octets` wait in the kernel for a socket. `Bun.udpSocket` has no option for it, so the C library is asked. Where
 * that does not work, the system's default stays, which loses more in a burst and nothing else.
 */
export async function growReceiveBuffer(descriptor: number, octets: number): Promise<void> {
  const platform = platforms[process.platform];
  if (platform === undefined) return;
  const [level, option] = platform;
  await callLibc(({ setsockopt }) => setsockopt(descriptor, level, option, Int32Array.of(octets), 4));
}
