import type { Socket } from 'node:dgram';

/** The handle below a socket, as far as it is used. */
interface DatagramHandle {
  /** uv_udp_recv_stop: reading stops, and the socket stays bound and can send. */
  recvStop(): void;
}

/**
 * Stops reading from a socket that goes on sending: what arrives stays in the kernel. `node:dgram` has no function for that, as
 * `node:net` has `pause`, but its handle has the one that `close` calls first. Where a version of Node keeps it elsewhere,
 * nothing happens: then datagrams are read up to `close`.
 */
export function stopReceiving(socket: Socket): void {
  const state = Object.getOwnPropertySymbols(socket).find(
    ({ description }) => description === 'state symbol',
  );
  if (state === undefined) return;
  const { handle } = (
    socket as unknown as Record<symbol, { readonly handle?: Partial<DatagramHandle> | null }>
  )[state] ?? { handle: undefined };
  handle?.recvStop?.();
}
