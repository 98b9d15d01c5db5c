import assert from 'node:assert/strict';
import { once } from 'node:events';
import { connect, createServer } from 'node:net';
import { test } from 'node:test';

import { createRoutes } from '../../src/http/routing/routes.ts';
import { httpServer } from '../../src/http/thread/http-server.ts';
import { RequestTimers } from '../../src/http/thread/request-timers.ts';
import { firstRoute } from './first-route.ts';

/** Milliseconds in which what has to end at once, or soon, ends on a machine that is busy too. */
const SOON = 10_000;
/** Pieces of more time than that. */
const drops = Array.from({ length: 400 }, () => 'x');

/** A server whose sites say what they are asked, and throw for `/bug`. Its connections wait for 0.2 s, and `idleMs` between requests. */
async function serve(idleMs = 600) {
  const bugs: unknown[] = [];
  const routes = createRoutes({
    sites: {
      handle(request, response) {
        if (request.url === '/bug') throw new Error('a bug');
        if (request.url === '/read') request.pipe(response);
        else if (request.url === '/slow') setTimeout(() => response.end('late'), 500);
        else response.end('site');
      },
      upgrade(_request, socket) {
        socket.write('HTTP/1.1 101 Switching Protocols\r\n\r\n');
        socket.pipe(socket);
      },
      close() {},
    },
    routes: [firstRoute],
    isOurHost: (host) => host === 'localhost',
    isProxy: () => false,
    isAllowed: () => true,
    onBug: (bug) => bugs.push(bug),
  });
  const http = httpServer(routes, (bug) => bugs.push(bug), new RequestTimers({ headersMs: 200, idleMs }));
  const server = createServer({ allowHalfOpen: true }, (socket) => http.take(socket)).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as { port: number };
  return {
    bugs,
    finish: () => http.finish(),
    /** Sends pieces of text with 50 ms between them; what came back until the server closed, and the milliseconds until then. */
    async until(...pieces: readonly string[]): Promise<{ readonly text: string; readonly ms: number }> {
      const startedAt = performance.now();
      const socket = connect(port, '127.0.0.1');
      socket.on('error', () => {});
      let text = '';
      socket.on('data', (octets) => {
        text += octets;
      });
      let at = 0;
      const timer = setInterval(() => {
        const piece = pieces[at++];
        if (piece !== undefined && socket.writable) socket.write(piece);
      }, 50);
      await new Promise((resolve) => socket.once('close', resolve));
      clearInterval(timer);
      return { text, ms: performance.now() - startedAt };
    },
    [Symbol.asyncDispose]: async () => {
      server.close();
    },
  };
}

const host = 'Host: localhost\r\n';
const site = `Host: ${'y'.repeat(52)}.localhost\r\n`;

test('a connection without a request, or with one that comes too slowly, ends', async () => {
  await using server = await serve();
  const [silent, slow] = await Promise.all([
    server.until(),
    server.until(`GET / HTTP/1.1\r\n${host}`, ...drops),
  ]);
  for (const { text, ms } of [silent, slow]) {
    assert.equal(text, '');
    assert.ok(ms >= 190 && ms < SOON, `${ms} ms`);
  }
});

test('between requests it may wait longer, and an answer that takes its time is not cut off', async () => {
  await using server = await serve();
  const { text, ms } = await server.until(
    `GET / HTTP/1.1\r\n${host}\r\n`,
    `GET /slow HTTP/1.1\r\n${site}\r\n`,
  );
  assert.match(text, /^HTTP\/1\.1 200 .*HTTP\/1\.1 200 .*late/s);
  assert.ok(ms >= 1_100, `${ms} ms`);
});

test('at the end, a connection has the request answered that it is at, and one that waits for the next is closed', async () => {
  await using server = await serve(2 * SOON);
  const began = performance.now();
  const waiting = server.until(`GET / HTTP/1.1\r\n${site}\r\n`);
  const asking = server.until(`GET /slow HTTP/1.1\r\n${site}\r\n`, '', '', `GET / HTTP/1.1\r\n${site}\r\n`);
  const late = server.until('', `GET / HTTP/1.1\r\n${site}\r\n`);
  setTimeout(() => server.finish(), 70);
  assert.match((await waiting).text, /^HTTP\/1\.1 200 .*site/s);
  assert.ok(performance.now() - began < SOON, 'closed at once');
  assert.match((await asking).text, /^HTTP\/1\.1 200 .*late/s);
  const { text } = await late;
  assert.match(text, /^HTTP\/1\.1 200 .*connection: close.*site/is);
});

test('a client that waits with its body is told to go on when somebody reads it, and not when it has an answer before', async () => {
  await using server = await serve();
  const head = `PUT /read HTTP/1.1\r\n${site}Expect: 100-continue\r\nContent-Length: 2\r\n\r\n`;
  const { text } = await server.until(head, '', 'ab');
  assert.match(text, /^HTTP\/1\.1 100 Continue\r\n\r\nHTTP\/1\.1 200 .*\r\nab\r\n/s);
  const refused = await server.until(head.replace('/read', '/x'), '', 'ab');
  assert.match(refused.text, /^HTTP\/1\.1 200 .*site$/s);
});

test('a connection may send a hundred requests ahead of the first answer, and ends with one more', async () => {
  await using server = await serve(100);
  const ask = `GET /slow HTTP/1.1\r\n${site}\r\n`;
  const { text } = await server.until(ask.repeat(100));
  assert.equal(text.match(/HTTP\/1\.1 200 /g)?.length, 100);
  assert.equal((await server.until(ask.repeat(101))).text, '');
  assert.equal((await server.until(ask.repeat(2_000))).text, '');
});

test('headers that are too long, too many or no HTTP are refused', async () => {
  await using server = await serve();
  const refused: Readonly<Record<string, string>> = {
    [`GET / HTTP/1.1\r\n${host}X: ${'a'.repeat(20_000)}\r\n\r\n`]: '431',
    [`GET / HTTP/1.1\r\n${host}${'x: y\r\n'.repeat(150)}\r\n`]: '431',
    'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n': '400',
    '\u0016\u0003\u0001\r\n\r\n': '400',
    [`POST / HTTP/1.1\r\n${host}Content-Length: 4\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n`]: '400',
  };
  for (const [octets, status] of Object.entries(refused))
    assert.equal((await server.until(octets)).text.split(' ')[1], status, octets.slice(0, 40));
});

test('the rest of a body that nobody wants is not read for ever', async () => {
  await using server = await serve();
  const { text, ms } = await server.until(`POST / HTTP/1.1\r\n${host}Content-Length: 5000\r\n\r\n`, ...drops);
  assert.match(text, /^HTTP\/1\.1 405 /);
  assert.ok(ms < SOON, `${ms} ms`);
});

test('an internal error ends its connection, is told, and nothing else happens', async () => {
  await using server = await serve();
  assert.equal((await server.until(`GET /bug HTTP/1.1\r\n${site}\r\n`)).text, '');
  assert.match(String(server.bugs[0]), /a bug/);
  assert.match((await server.until(`GET / HTTP/1.1\r\n${host}\r\n`)).text, /^HTTP\/1\.1 200 /);
});

test('the server as a whole can be asked what it takes', async () => {
  await using server = await serve();
  const ask = async (method: string, name: string) =>
    (await server.until(`${method} * HTTP/1.1\r\nHost: ${name}\r\nConnection: close\r\n\r\n`)).text;
  assert.match(
    await ask('OPTIONS', 'localhost'),
    /^HTTP\/1\.1 204 .*\r\nallow: GET, HEAD, PUT, OPTIONS\r\n/is,
  );
  assert.match(await ask('GET', 'localhost'), /^HTTP\/1\.1 400 /);
  assert.match(await ask('OPTIONS', 'evil.example'), /^HTTP\/1\.1 421 /);
});
