import type { Server } from 'node:net';
import { loadLibc } from '../bun/libc.ts';
import { listeningHandle } from './listening-handle.ts';

/** See `CopyListening`. With musl the C library is not called, and there are no copies. */
export async function copyListeningOnBun(servers: readonly Server[]): Promise<readonly number[]> {
  const libc = await loadLibc();
  if (libc === undefined) throw new Error('the C library of this system cannot be called');
  return servers.map((server) => {
    const copy = libc.dup(listeningHandle(server).fd);
    if (copy < 0) throw new Error('dup(2) failed');
    return copy;
  });
}
