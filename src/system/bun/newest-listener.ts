import { readdirSync, readlinkSync } from 'node:fs';
import { loadLibc } from './libc.ts';

/** Linux, asm-generic/socket.h. */
const SOL_SOCKET = 1;
const SO_ATTACH_REUSEPORT_CBPF = 51;

/** A program of the classic packet filter, of one instruction: BPF_RET | BPF_K, the number 1 (linux/filter.h). */
const SECOND = new Uint8Array(new Uint16Array([0x06, 0, 1, 0]).buffer);

/** The sockets of this process, `socket:[1234]`, with their descriptors; none where the system does not tell. */
export function ownSockets(): ReadonlyMap<string, number> {
  const found = new Map<string, number>();
  try {
    for (const descriptor of readdirSync('/proc/self/fd')) {
      const target = targetOf(descriptor);
      if (target?.startsWith('socket:')) found.set(target, Number(descriptor));
    }
  } catch {
    // Not Linux, or without /proc, or without a descriptor to read it.
  }
  return found;
}

/** Undefined for the descriptor of the folder itself, which is closed by now. */
function targetOf(descriptor: string): string | undefined {
  try {
    return readlinkSync(`/proc/self/fd/${descriptor}`);
  } catch {
    return undefined;
  }
}

/** Whether the kernel does what `secondPreference` says. */
export type PreferSecond = (before: ReadonlyMap<string, number>) => boolean;

/**
 * What has the second of two sockets that listen on one port (SO_REUSEPORT, socket(7)) get every new connection, so that the
 * first one can be closed without losing any: on Linux since 4.5. Its `before` are the sockets from before the second one was
 * opened, which is how it is found.
 */
export async function secondPreference(): Promise<PreferSecond> {
  const libc = await loadLibc();
  if (libc === undefined || process.platform !== 'linux') return () => false;
  const { ptr } = await import('bun:ffi').catch(() => ({ ptr: undefined }));
  if (ptr === undefined) return () => false;
  return (before) => {
    if (before.size === 0) return false;
    const fresh = [...ownSockets()].filter(([socket]) => !before.has(socket));
    const address = ptr(SECOND);
    // struct sock_fprog: a number of 16 bits, padding, an address of 64 bits.
    const program = Int32Array.of(1, 0, (address % 2 ** 32) | 0, Math.floor(address / 2 ** 32));
    const { byteLength } = program;
    return fresh.some(
      ([, descriptor]) =>
        libc.setsockopt(descriptor, SOL_SOCKET, SO_ATTACH_REUSEPORT_CBPF, program, byteLength) === 0,
    );
  };
}
