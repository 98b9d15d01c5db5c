import { createServer, type Server, type Socket } from 'node:net';
import type { MessagePort } from 'node:worker_threads';
import { createGateway } from '../../gateway/gateway.ts';
import { describeInternalError } from '../../observe/internal-error.ts';
import { machineAddresses } from '../../system/interfaces.ts';
import { listenTcp } from '../../system/listen-tcp.ts';
import { limits } from '../limits.ts';
import { httpServer } from './http-server.ts';
import type { FromThread, ThreadOptions, ToThread } from './messages.ts';
import { RemoteLookups } from './remote-lookups.ts';
import { createRoutes } from './routes.ts';
import { threadLog } from './thread-log.ts';

/** Serves HTTP at the sockets that the thread was given, and asks the main thread through `port`. Resolves when it listens. */
export async function runServer(options: ThreadOptions, port: MessagePort): Promise<void> {
  const say = (message: FromThread) => port.postMessage(message);
  const onBug = (error: unknown) =>
    say({ kind: 'internal-error', error: describeInternalError('exception', 'http', error) });
  const lookups = new RemoteLookups(say);
  let privateKeys = new Set(options.privateKeys);
  const routes = createRoutes({
    sites: createGateway({
      lookups,
      isPrivateAllowed: (key) => privateKeys.has(key.text),
      ownAddresses: machineAddresses,
      log: threadLog(say),
    }),
    addresses: options.sockets.map(({ address }) => address),
  });
  const http = httpServer(routes, onBug);
  const servers: Server[] = [];
  const sockets = new Set<Socket>();

  // Nothing more is accepted, and what was is answered, if it can be in a moment.
  const close = async () => {
    const closed = servers.map((server) => new Promise((resolve) => server.close(resolve)));
    http.finish();
    const tooLong = setTimeout(() => {
      routes.close();
      for (const socket of sockets) socket.destroy();
    }, limits.closeMs);
    await Promise.all(closed);
    clearTimeout(tooLong);
    routes.close();
    port.close();
  };
  port.on('message', (message: ToThread) => {
    switch (message.kind) {
      case 'result':
      case 'failed':
        lookups.receive(message);
        return;
      case 'private-keys':
        privateKeys = new Set(message.privateKeys);
        return;
      case 'close':
        close().catch(onBug);
    }
  });
  for (const { address, descriptor } of options.sockets) {
    // Bun's HTTP server cannot listen at a descriptor; a server of TCP can, on both.
    const server = createServer({ allowHalfOpen: true, noDelay: true });
    server.maxConnections = limits.connections;
    server.on('connection', (socket) => {
      sockets.add(socket);
      socket.once('close', () => sockets.delete(socket));
      http.take(socket);
    });
    servers.push(server);
    await listening(server, () => listenTcp(server, { ...address, descriptor }));
  }
  say({ kind: 'listening' });
}

/** Resolves when `server` listens; rejects with the system's error. */
function listening(server: Server, listen: () => void): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    server.once('listening', () => {
      server.off('error', reject);
      // Accepting fails when there are no file descriptors, and is tried again by itself.
      server.on('error', () => {});
      resolve();
    });
    listen();
  });
}
