import { createServer } from 'node:net';
import { listenTcp, type TcpPlace } from '../listen-tcp.ts';

/**
 * Closes whoever connects to a socket that listens and at which nothing is served; in its backlog they would wait for ever. The socket
 * itself stays as it is, for the service manager has it too. Nothing waits for its end.
 */
export function closeConnections(place: TcpPlace & { readonly descriptor: number }): void {
  const server = createServer((socket) => socket.destroy());
  // Accepting fails when there are no file descriptors, and is tried again by itself.
  server.on('error', () => {});
  listenTcp(server, place);
  server.unref();
}
