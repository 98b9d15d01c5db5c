import { createServer as createHttpServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { createServer, type Server, type Socket } from 'node:net';
import type { MessagePort } from 'node:worker_threads';
import { createGateway } from '../../gateway/gateway.ts';
import { describeInternalError } from '../../observe/internal-error.ts';
import { machineAddresses } from '../../system/interfaces.ts';
import { listenTcp } from '../../system/listen-tcp.ts';
import { bareResponse } from '../bare-response.ts';
import { limits } from '../limits.ts';
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

  const close = async () => {
    await Promise.all(servers.map((server) => new Promise((resolve) => server.close(resolve))));
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
        routes.close();
        for (const socket of sockets) socket.destroy();
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
      http.emit('connection', socket);
    });
    servers.push(server);
    await listening(server, () => listenTcp(server, { ...address, descriptor }));
  }
  say({ kind: 'listening' });
}

function httpServer(routes: ReturnType<typeof createRoutes>, onBug: (error: unknown) => void) {
  const http = createHttpServer({
    maxHeaderSize: limits.headerOctets,
    headersTimeout: limits.headersMs,
    // How long a body may take is the business of who reads it.
    requestTimeout: 0,
    keepAliveTimeout: limits.idleMs,
    connectionsCheckingInterval: limits.checkMs,
    requireHostHeader: false,
  });
  http.maxHeadersCount = limits.headers;
  http.on('request', (request: IncomingMessage, response: ServerResponse) => {
    // A client that goes away is no error of ours.
    request.on('error', () => {});
    response.on('error', () => {});
    try {
      routes.handle(request, response);
    } catch (error) {
      onBug(error);
      response.destroy();
    }
  });
  http.on('upgrade', (request: IncomingMessage, socket: Socket, head: Buffer) => {
    socket.on('error', () => socket.destroy());
    try {
      routes.upgrade(request, socket, head);
    } catch (error) {
      onBug(error);
      socket.destroy();
    }
  });
  http.on('clientError', (error: NodeJS.ErrnoException, socket: Socket) => {
    const status = error.code === 'HPE_HEADER_OVERFLOW' ? 431 : 400;
    if (!socket.writable || error.code === 'ECONNRESET') socket.destroy();
    else socket.end(bareResponse(status));
  });
  return http;
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
