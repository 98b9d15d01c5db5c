import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { createServer } from 'node:net';

/** Outside the ephemeral range: an outgoing connection may take an ephemeral port just after it was found free. */
const FIRST = 15_000;
const LAST = 32_000;

/** A port of 127.0.0.1 that is free for UDP and TCP, for a program that needs a fixed port. */
export async function freePort(): Promise<number> {
  for (;;) {
    const port = FIRST + Math.floor(Math.random() * (LAST - FIRST));
    const server = createServer();
    const socket = createSocket('udp4');
    try {
      server.listen(port, '127.0.0.1');
      await once(server, 'listening');
      socket.bind(port, '127.0.0.1');
      await once(socket, 'listening');
      return port;
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'EADDRINUSE') throw error;
    } finally {
      socket.close();
      if (server.listening) await new Promise((resolve) => server.close(resolve));
    }
  }
}
