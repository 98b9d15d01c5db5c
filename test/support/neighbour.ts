import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import type { ServerAddress } from './dns-client.ts';

/** Another resolver whose upstream is pkarrd: it forwards every query to us. */
export interface Neighbour {
  readonly port: number;
  /** Queries that it received. */
  readonly forwarded: number;
  /** Sets its upstream. */
  forwardTo(server: ServerAddress): void;
  close(): void;
}

/** Starts one on loopback. */
export async function startNeighbour(): Promise<Neighbour> {
  const socket = createSocket('udp4').bind(0, '127.0.0.1');
  await once(socket, 'listening');
  const outward = createSocket('udp4');
  const askers = new Map<number, { readonly port: number; readonly address: string }>();
  let server: ServerAddress | undefined;
  let forwarded = 0;
  socket.on('message', (bytes, { port, address }) => {
    forwarded++;
    askers.set(bytes.readUInt16BE(0), { port, address });
    if (server !== undefined) outward.send(bytes, server.port, server.host);
  });
  outward.on('message', (bytes) => {
    const asker = askers.get(bytes.readUInt16BE(0));
    if (asker !== undefined) socket.send(bytes, asker.port, asker.address);
  });
  return {
    port: socket.address().port,
    get forwarded() {
      return forwarded;
    },
    forwardTo(address) {
      server = address;
    },
    close() {
      socket.close();
      outward.close();
    },
  };
}
