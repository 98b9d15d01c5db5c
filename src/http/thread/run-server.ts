import { createServer, type Server, type Socket } from 'node:net';
import type { MessagePort } from 'node:worker_threads';
import { FailureCounts } from '../../gateway/failure/failure-counts.ts';
import { createGateway } from '../../gateway/gateway.ts';
import { describeInternalError } from '../../observe/internal-error.ts';
import { AccessList } from '../../serve/clients/access-list.ts';
import { machineAddresses } from '../../system/interfaces.ts';
import { listenTcp } from '../../system/listen-tcp.ts';
import type { Calls } from '../calls/calls.ts';
import { remoteLookups } from '../calls/gateway-calls.ts';
import { RemoteCalls } from '../calls/remote-calls.ts';
import { limits } from '../limits.ts';
import type { FromThread, ThreadOptions, ThreadSettings, ToThread } from '../messages.ts';
import { metricsRoutes } from '../metrics/metrics-routes.ts';
import { pageRoutes } from '../page/page-routes.ts';
import { relayRoutes } from '../relay/relay-route.ts';
import { OurNames, ourHosts } from '../routing/our-hosts.ts';
import { RequestCounts } from '../routing/request-counts.ts';
import type { Route } from '../routing/route.ts';
import { createRoutes } from '../routing/routes.ts';
import { ConnectionCounts } from './connection-counts.ts';
import { httpServer } from './http-server.ts';
import { threadLog } from './thread-log.ts';
import { HttpTls } from './tls.ts';

/** Serves HTTP at the sockets that the thread was given, and asks the main thread through `port`. Resolves when it listens. */
export async function runServer(options: ThreadOptions, port: MessagePort): Promise<void> {
  const say = (message: FromThread) => port.postMessage(message);
  const onBug = (error: unknown) =>
    say({ kind: 'internal-error', error: describeInternalError('exception', 'http', error) });
  const calls = new RemoteCalls<Calls>(say);
  let { settings } = options;
  let privateKeys = new Set(settings.privateKeys);
  let petnames = keysByName(settings);
  const counts = new RequestCounts();
  const failures = new FailureCounts();
  const tls = new HttpTls();
  tls.use(settings.certificate);
  const names = new OurNames();
  const access = new AccessList(settings.allowFrom);
  const proxies = new AccessList(settings.proxies);
  const isProxy = (address: string) => proxies.isAllowed(address);
  // What there is under our own names; it asks the main thread by `calls`.
  const ours: readonly Route[] = [
    ...pageRoutes(calls, onBug),
    ...metricsRoutes(calls, { requests: counts, failures }),
    ...relayRoutes({
      calls,
      origins: () => settings.relayOrigins,
      now: () => performance.now(),
      nowWall: Date.now,
    }),
  ];
  const routes = createRoutes({
    sites: createGateway({
      lookups: remoteLookups(calls),
      failures,
      isPrivateAllowed: (key) => privateKeys.has(key.text),
      ownAddresses: machineAddresses,
      log: threadLog(say),
    }),
    routes: ours,
    isOurHost: ourHosts(
      options.sockets.map(({ address }) => address),
      () => names.of(settings.names, tls.names),
    ),
    petnameKey: (label) => petnames.get(label),
    isProxy,
    isAllowed: (client) => access.isAllowed(client),
    counts,
    onBug,
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
      case 'part':
      case 'result':
      case 'failed':
        calls.receive(message);
        return;
      case 'settings':
        settings = message.settings;
        privateKeys = new Set(settings.privateKeys);
        petnames = keysByName(settings);
        access.replace(settings.allowFrom);
        proxies.replace(settings.proxies);
        tls.use(settings.certificate);
        return;
      case 'close':
        close().catch(onBug);
    }
  });
  for (const { address, descriptor, isSecure } of options.sockets) {
    // Bun's HTTP server cannot listen at a descriptor; a server of TCP can, on both.
    const server = createServer({ allowHalfOpen: true, noDelay: true });
    const connections = new ConnectionCounts(isProxy);
    server.on('connection', (socket) => {
      // Node's `maxConnections` does nothing on Bun.
      const closed = connections.take(socket.remoteAddress ?? '');
      if (closed === undefined) {
        socket.destroy();
        return;
      }
      sockets.add(socket);
      socket.once('close', () => {
        closed();
        sockets.delete(socket);
      });
      http.take(socket, isSecure ? (raw, use) => tls.secure(raw, use) : undefined);
    });
    servers.push(server);
    await listening(server, () => listenTcp(server, { ...address, descriptor }));
  }
  say({ kind: 'listening' });
}

function keysByName({ petnames }: ThreadSettings): ReadonlyMap<string, string> {
  return new Map(petnames.map(({ label, key }) => [label, key]));
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
