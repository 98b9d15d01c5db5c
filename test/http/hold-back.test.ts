import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { once } from 'node:events';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { connect, createServer } from 'node:net';
import { test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { httpServer } from '../../src/http/thread/http-server.ts';

/** Octets of an upload: many times what the system keeps for both ends of a connection. */
const UPLOAD = 96 << 20;
/** What a request may hold in memory, with what the kernel passes up at once. */
const HELD = 4 << 20;

const head = (framing: string) => `POST / HTTP/1.1\r\nHost: localhost\r\n${framing}\r\n\r\n`;
/** One octet after the other, so that a part that is lost or comes twice is noticed. */
const piece = Buffer.from(Array.from({ length: 65_521 }, (_, i) => i % 251));
const chunk = Buffer.concat([Buffer.from(`${piece.length.toString(16)}\r\n`), piece, Buffer.from('\r\n')]);
const pieces = Math.floor(UPLOAD / piece.length);

for (const [what, framing, part, last] of [
  ['a length', `Content-Length: ${pieces * piece.length}`, piece, ''],
  ['chunks', 'Transfer-Encoding: chunked', chunk, '0\r\n\r\n'],
] as const) {
  test(`an upload with ${what} that nobody takes waits at the client, and all of it comes when somebody does`, async () => {
    await using server = await serve();
    const { socket, sent, whole } = upload(server.port, framing, part, last);
    const [request, response] = await server.request;
    const stalled = await stalledAt(sent);
    assert.ok(stalled < UPLOAD / 2, `${stalled} octets were taken`);
    assert.ok(request.readableLength <= HELD, `${request.readableLength} octets are held`);
    const hash = createHash('sha256');
    for await (const octets of request) {
      hash.update(octets);
      if (request.readableLength > HELD) assert.fail(`${request.readableLength} octets are held`);
    }
    await whole;
    const expected = createHash('sha256');
    for (let at = 0; at < pieces; at++) expected.update(piece);
    assert.equal(hash.digest('hex'), expected.digest('hex'));
    response.end('taken');
    // The connection serves the next request.
    const again = once(server.server, 'asked');
    socket.write('GET /next HTTP/1.1\r\nHost: localhost\r\n\r\n');
    const [next, answer] = (await again) as [IncomingMessage, ServerResponse];
    assert.equal(next.url, '/next');
    answer.end();
    socket.destroy();
  });
}

test('what is sent after the answer is taken without being kept', async () => {
  await using server = await serve();
  const { socket, whole } = upload(server.port, `Content-Length: ${pieces * piece.length}`, piece, '');
  const [request, response] = await server.request;
  response.end('no');
  await whole;
  assert.ok(request.readableLength <= HELD, `${request.readableLength} octets are held`);
  socket.destroy();
});

/** Sends an upload as fast as it is taken. */
function upload(port: number, framing: string, part: Buffer, last: string) {
  const socket = connect(port, '127.0.0.1');
  socket.on('error', () => {});
  socket.resume();
  let count = 0;
  const send = async () => {
    socket.write(head(framing));
    for (let at = 0; at < pieces; at++) {
      count += part.length;
      if (!socket.write(part)) await once(socket, 'drain');
    }
    socket.write(last);
  };
  return { socket, sent: () => count, whole: send() };
}

/** The octets at which a client no longer gets on. */
async function stalledAt(sent: () => number): Promise<number> {
  for (let before = -1; before !== sent(); await sleep(500)) before = sent();
  return sent();
}

async function serve() {
  const server = createServer({ allowHalfOpen: true }, (socket) => http.take(socket));
  const http = httpServer(
    {
      handle: (request, response) => server.emit('asked', request, response),
      upgrade: (_request, socket) => socket.destroy(),
      close() {},
    },
    (bug) => assert.fail(String(bug)),
  );
  const request = once(server, 'asked') as Promise<[IncomingMessage, ServerResponse]>;
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as { port: number };
  return {
    server,
    port,
    request,
    [Symbol.asyncDispose]: async () => {
      server.close();
    },
  };
}
