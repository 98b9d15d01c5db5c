import type { Server } from 'node:net';

/** What a listening server has beneath, on both runtimes. Neither documents it, and there is no other way to the descriptor. */
export interface ListeningHandle {
  readonly fd: number;
}

/** The handle of a server that listens. @throws Error for one that does not, or on a runtime without such handles. */
export function listeningHandle(server: Server): ListeningHandle {
  const { _handle: handle } = server as unknown as { readonly _handle?: Partial<ListeningHandle> | null };
  if (typeof handle?.fd !== 'number' || handle.fd < 0)
    throw new Error('the descriptor of a server is not known');
  return handle as ListeningHandle;
}
