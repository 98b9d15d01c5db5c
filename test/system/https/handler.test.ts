import assert from 'node:assert/strict';
import { connect } from 'node:net';
import { after, test } from 'node:test';
import { Handshakes } from '../../../src/serve/tls/handshakes.ts';
import type { HttpsAnswer } from '../../../src/system/https/shared/server.ts';
import { SocketServer } from '../../../src/system/https/socket-server.ts';
import { askHttp1, Http2Client } from '../../support/http-client.ts';

const fine: HttpsAnswer = { status: 200, headers: { 'content-type': 'text/plain' }, body: 'fine' };
const bugs: unknown[] = [];
/** Answers `/waits`. */
const waiting: (() => void)[] = [];
const server = await SocketServer.open({
  place: { host: '127.0.0.1', port: 0 },
  certificate: undefined,
  handler({ target, body }) {
    switch (target) {
      case '/throws':
        throw new TypeError('a bug');
      case '/waits':
        return new Promise((resolve) => waiting.push(() => resolve(fine)));
      case '/rejects':
        return Promise.reject(new TypeError('a bug'));
      case '/impossible':
        return { ...fine, headers: { ':impossible': 'a' } };
      default:
        return { ...fine, body: body.length === 0 ? fine.body : body };
    }
  },
  onConnection: () => ({ onWaiting() {}, onClosed() {} }),
  handshakes: new Handshakes(),
  onBug: (error) => bugs.push(error),
});
after(() => server.stop());
const address = { host: '127.0.0.1', port: server.port };

for (const path of ['/throws', '/rejects']) {
  test(`a handler that fails (${path}) costs one answer, over each version of HTTP, and is told`, async () => {
    const client = new Http2Client(address);
    const asks = [() => client.ask({ path }), () => askHttp1(address, { path })];
    const posts = [() => client.ask({ method: 'POST', path, body: Buffer.of(1) })];
    for (const ask of [...asks, ...posts]) {
      assert.equal((await ask()).status, 500);
      assert.equal(bugs.splice(0).length, 1);
      assert.equal((await client.ask({ path: '/' })).body.toString(), 'fine');
    }
    await client.close();
  });
}

test('an answer that cannot be sent ends no more than its connection, and is told', async () => {
  for (const ask of [
    async () => await askHttp1(address, { path: '/impossible' }),
    async () => {
      const client = new Http2Client(address);
      try {
        return await client.ask({ path: '/impossible' });
      } finally {
        await client.close();
      }
    },
  ]) {
    const outcome = await ask().catch(() => 'ended' as const);
    assert.ok(outcome === 'ended' || outcome.status === 500);
    assert.equal(bugs.splice(0).length, 1);
  }
  assert.equal((await askHttp1(address, { path: '/' })).status, 200);
});

test('a connection of HTTP/1.1 may send a hundred requests ahead of the first answer, and ends with one more', async () => {
  const send = (times: number) => {
    const socket = connect(server.port, '127.0.0.1').on('error', () => {});
    socket.write('GET /waits HTTP/1.1\r\nHost: localhost\r\n\r\n'.repeat(times));
    return socket;
  };
  const tooMany = send(2_000).resume();
  if (!tooMany.closed) await new Promise<void>((resolve) => tooMany.once('close', () => resolve()));
  assert.equal(waiting.splice(0).length, 100);
  const many = send(100);
  while (waiting.length < 100) await new Promise((resolve) => setImmediate(resolve));
  for (const answer of waiting.splice(0)) answer();
  let text = '';
  for await (const piece of many) {
    text += piece;
    if (text.match(/fine/g)?.length === 100) break;
  }
});

test('a body comes whole, however it is cut, and one that is too long is refused', async () => {
  const client = new Http2Client(address);
  const body = Buffer.alloc(65_535, 7);
  for (const ask of [client.ask.bind(client), askHttp1.bind(undefined, address)]) {
    assert.ok((await ask({ method: 'POST', path: '/', body })).body.equals(body));
    const tooLong = Buffer.alloc(65_536);
    assert.equal((await ask({ method: 'POST', path: '/', body: tooLong })).status, 413);
  }
  await client.close();
});

test('a request that is answered before the server stops has its answer', async () => {
  const other = await SocketServer.open({
    place: { host: '127.0.0.1', port: 0 },
    certificate: undefined,
    handler: () => fine,
    onConnection: () => ({ onWaiting() {}, onClosed() {} }),
    handshakes: new Handshakes(),
    onBug: (error) => bugs.push(error),
  });
  const client = new Http2Client({ host: '127.0.0.1', port: other.port });
  assert.equal((await client.ask({ path: '/' })).status, 200);
  const begun = performance.now();
  await other.stop();
  // However long the client stays.
  assert.ok(performance.now() - begun < 5_000);
  await client.close();
  assert.deepEqual(bugs, []);
});
