import { createServer, type Server } from 'node:net';
import type { ListenAddress } from '../../config/listen-address.ts';
import { listenTcp } from '../../system/listen-tcp.ts';

/** Where to listen. */
export interface SocketRequest {
  readonly address: ListenAddress;
  /** The descriptor of a socket that listens there already. */
  readonly descriptor?: number | undefined;
  /** TLS is spoken there, and the gateway is not there. */
  readonly isSecure?: boolean;
}

/** Listens there; connections are paused. Rejects with the system's error. */
export function openServer({ address, descriptor }: SocketRequest): Promise<Server> {
  const server = createServer({ pauseOnConnect: true, allowHalfOpen: true });
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    server.once('listening', () => {
      server.off('error', reject);
      resolve(server);
    });
    listenTcp(server, { ...address, descriptor });
  });
}
