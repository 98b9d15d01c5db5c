import assert from 'node:assert/strict';
import { once } from 'node:events';
import { connect as connectTcp, createServer } from 'node:net';
import { after, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { type ConnectionOptions, connect as connectTls } from 'node:tls';
import { createRoutes } from '../../src/http/routing/routes.ts';
import { httpServer } from '../../src/http/thread/http-server.ts';
import { RequestTimers } from '../../src/http/thread/request-timers.ts';
import { HttpTls } from '../../src/http/thread/tls.ts';
import { parseCertificate } from '../../src/serve/certificate/certificate.ts';
import { Handshakes } from '../../src/serve/tls/handshakes.ts';
import { MovableClock } from '../support/movable-clock.ts';
import { TestAuthority } from '../support/test-certificate.ts';
import { firstRoute } from './first-route.ts';

/** Milliseconds in which what has to end at once, or soon, ends on a machine that is busy too. */
const SOON = 10_000;

/** Handshakes of one client that nothing holds back. */
const BURST = 128;

const authority = await TestAuthority.create();
const { cert, key } = await authority.issue({ names: 'DNS:localhost,IP:127.0.0.1' });
after(() => authority[Symbol.asyncDispose]());

/** A server with TLS; what its handshakes wait for is `clock`. Its connections have `headersMs` for their first request. */
async function serve(headersMs = SOON) {
  const clock = new MovableClock();
  const handshakes = new Handshakes({ clock });
  const tls = new HttpTls(handshakes);
  tls.use(parseCertificate({ path: 'cert', text: cert }, { path: 'key', text: key }));
  const routes = createRoutes({
    sites: { handle: () => assert.fail(), upgrade() {}, close() {} },
    routes: [firstRoute],
    isOurHost: (host) => host === 'localhost',
    isProxy: () => false,
    isAllowed: () => true,
    onBug: (error) => assert.fail(String(error)),
  });
  const http = httpServer(
    routes,
    (error) => assert.fail(String(error)),
    new RequestTimers({ headersMs, idleMs: SOON }),
  );
  const server = createServer({ allowHalfOpen: true }, (socket) =>
    http.take(socket, (raw, use) => tls.secure(raw, use)),
  ).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as { port: number };
  return { port, clock, handshakes, [Symbol.asyncDispose]: async () => void server.close() };
}

const secure = (port: number, options: ConnectionOptions = {}) =>
  connectTls({ port, host: '127.0.0.1', servername: 'localhost', ca: authority.pem, ...options });

/** The first line of what `socket` is answered. */
async function asked(socket: ReturnType<typeof secure>): Promise<string> {
  socket.write('GET / HTTP/1.1\r\nHost: localhost\r\n\r\n');
  const [octets] = (await once(socket, 'data')) as [Buffer];
  return octets.toString().split('\r\n')[0] ?? '';
}

test('a client that makes more handshakes than it could need waits for the next; others and open connections do not', async () => {
  await using server = await serve();
  const open = secure(server.port);
  assert.equal(await asked(open), 'HTTP/1.1 200 OK');
  for (let made = 1; made < BURST; made++) {
    const socket = secure(server.port);
    await once(socket, 'secureConnect');
    socket.destroy();
  }
  assert.equal(server.clock.waiting, 0);
  const waiting = secure(server.port);
  const answer = asked(waiting);
  while (server.clock.waiting === 0) await sleep(2);
  const other = secure(server.port, { localAddress: '127.0.0.2' } as ConnectionOptions);
  assert.equal(await asked(other), 'HTTP/1.1 200 OK');
  assert.equal(await asked(open), 'HTTP/1.1 200 OK');
  assert.equal(waiting.authorized, false);
  server.clock.advance(1_000);
  assert.equal(await answer, 'HTTP/1.1 200 OK');
  for (const socket of [open, other, waiting]) socket.destroy();
});

test('a connection without a handshake, with one that waits or does not end, or without a request ends', async () => {
  await using server = await serve(300);
  const began = performance.now();
  const ended = async (octets: string) => {
    const socket = connectTcp(server.port, '127.0.0.1').on('error', () => {});
    socket.write(octets);
    socket.resume();
    await new Promise((resolve) => socket.once('close', resolve));
  };
  await Promise.all([ended(''), ended('\u0016\u0003\u0001')]);
  const silent = secure(server.port);
  await once(silent, 'secureConnect');
  silent.resume();
  await new Promise((resolve) => silent.once('close', resolve));
  server.handshakes.flooded('127.0.0.1');
  const waiting = secure(server.port).on('error', () => {});
  await new Promise((resolve) => waiting.once('close', resolve));
  assert.equal(waiting.authorized, false);
  assert.ok(performance.now() - began < SOON);
});

test('without a certificate a connection ends at once', async () => {
  const tls = new HttpTls();
  const server = createServer((socket) => tls.secure(socket, () => assert.fail())).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as { port: number };
  const socket = connectTcp(port, '127.0.0.1').on('error', () => {});
  await new Promise((resolve) => socket.once('close', resolve));
  server.close();
});
