import assert from 'node:assert/strict';
import { once } from 'node:events';
import { connect, createServer, type Socket } from 'node:net';
import { after, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { Type } from '../../../src/dns/codes.ts';
import { recordsAnswer } from '../../../src/resolve/answer.ts';
import { defaultTcpLimits, TcpConnections } from '../../../src/serve/tcp/connections.ts';
import { TcpListener } from '../../../src/serve/tcp/listener.ts';
import { frame, query, type ServerAddress, TcpClient } from '../../support/dns-client.ts';
import { scriptedResponder } from '../scripted-responder.ts';

const { responder, held } = scriptedResponder();
const closers: (() => Promise<void>)[] = [];
after(async () => {
  for (const close of closers) await close();
});

async function openTcp(limits = {}): Promise<{ server: ServerAddress; connections: TcpConnections }> {
  const connections = new TcpConnections(responder, { ...defaultTcpLimits, ...limits });
  const listener = await TcpListener.open({ host: '127.0.0.1', port: 0 }, connections);
  closers.push(() => listener.stop());
  return { connections, server: { host: '127.0.0.1', port: listener.port } };
}

/** Waits until a number of slow queries has reached the resolver. */
async function whenHeld(count: number): Promise<void> {
  while (held.length < count) await sleep(2);
}

test('a fast query behind a slow one on one connection is answered first', async () => {
  const { server } = await openTcp();
  const client = new TcpClient(server);
  client.send(query('slow.example', Type.A, { id: 1 }));
  client.send(query('fast.example', Type.A, { id: 2 }));
  assert.equal((await client.next())?.id, 2);
  for (const release of held.splice(0)) release(recordsAnswer({}));
  assert.equal((await client.next())?.id, 1);
  client.socket.destroy();
});

test('frames may be split anywhere and come many at a time', async () => {
  const { server } = await openTcp();
  const client = new TcpClient(server);
  client.socket.setNoDelay(true);
  const bytes = Buffer.concat([1, 2, 3].map((id) => frame(query('a.example', Type.A, { id }))));
  for (const [from, to] of [
    [0, 1],
    [1, 7],
    [7, 40],
    [40, bytes.length],
  ]) {
    client.socket.write(bytes.subarray(from, to));
    await sleep(5);
  }
  const ids = [await client.next(), await client.next(), await client.next()].map((reply) => reply?.id);
  assert.deepEqual(ids.sort(), [1, 2, 3]);
  client.socket.destroy();
});

test('a client that has sent its last query and closed its side still gets its answers, and then the end', async () => {
  const { server } = await openTcp();
  const client = new TcpClient(server);
  client.socket.end(frame(query('a.example', Type.A, { id: 7 })));
  assert.equal((await client.next())?.id, 7);
  await client.whenClosed();
});

test('a client that sends an octet now and then, and never a whole query, is closed as idle', async () => {
  const { server } = await openTcp({ idle: 300 });
  const client = new TcpClient(server);
  // The first two announce a message of 257 octets, which would be whole after 13 s.
  let sent = 0;
  const trickle = setInterval(() => {
    client.socket.write(Buffer.of(1));
    sent++;
  }, 50);
  await client.whenClosed();
  clearInterval(trickle);
  assert.ok(sent > 2 && sent < 257, `closed after ${sent} octets`);
});

test('what deserves no answer ends a connection, after the answers to what was asked before', async () => {
  const { server } = await openTcp();
  const response = query('a.example', Type.A, { flags: { ...query('a.').flags, response: true } });
  const broken = [Buffer.of(0, 0), Buffer.of(0, 3, 1, 2, 3), frame(response)];
  for (const octets of broken) {
    const client = new TcpClient(server);
    client.send(query('slow.example', Type.A, { id: 1 }));
    client.send(query('a.example', Type.A, { id: 2 }));
    await whenHeld(1);
    client.socket.write(Buffer.concat([octets, frame(query('a.example', Type.A, { id: 3 }))]));
    assert.equal((await client.next())?.id, 2);
    for (const release of held.splice(0)) release(recordsAnswer({}));
    assert.equal((await client.next())?.id, 1);
    // The end of the server's side: then it has closed, or waits for ours, and nothing more was answered.
    assert.equal(await client.next(), undefined);
  }
});

test('200 idle connections do not stop the 201st', async () => {
  const { server, connections } = await openTcp({ young: 0 });
  const idle = Array.from({ length: 200 }, () => new TcpClient(server));
  await Promise.all(
    idle.map(({ socket }) => socket.connecting && new Promise((r) => socket.once('connect', r))),
  );
  const client = new TcpClient(server);
  client.send(query('a.example'));
  assert.equal((await client.next())?.answers.length, 1);
  assert.ok(connections.statistics().open <= defaultTcpLimits.connectionsPerClient);
  for (const { socket } of [...idle, client]) socket.destroy();
});

test('a client that asks much and never reads costs bounded memory and is closed', async () => {
  const { server, connections } = await openTcp({ idle: 500 });
  const socket = connect(server.port, server.host);
  socket.on('error', () => {});
  socket.pause();
  const closed = new Promise((resolve) => socket.on('close', resolve));
  const question = frame(query('big.example'));
  const before = process.memoryUsage().arrayBuffers;
  // Each answer has 48 kB: 20,000 of them would be a gigabyte.
  for (let i = 0; i < 20_000 && !socket.destroyed; i += 100) {
    socket.write(Buffer.concat(Array.from({ length: 100 }, () => question)));
    await new Promise(setImmediate);
  }
  assert.ok(process.memoryUsage().arrayBuffers - before < 100 * 1024 * 1024);
  const deadline = performance.now() + 10_000;
  while (connections.statistics().open > 0 && performance.now() < deadline) await sleep(20);
  assert.equal(connections.statistics().open, 0);
  socket.destroy();
  await closed;
});

test('a connection that the layer in between cannot take is closed, and the error goes on', async () => {
  const bug = new Error('no context');
  const secure = () => {
    throw bug;
  };
  const connections = new TcpConnections(responder, defaultTcpLimits);
  const place = { host: '127.0.0.1', port: 0 };
  const listener = await TcpListener.open(place, connections, undefined, { secure, firstQuery: 0 });
  closers.push(() => listener.stop());
  const accepting = createServer().listen(0, '127.0.0.1');
  await once(accepting, 'listening');
  const client = connect((accepting.address() as { port: number }).port, '127.0.0.1');
  const [socket] = (await once(accepting, 'connection')) as [Socket];
  assert.throws(() => listener.handle(socket), bug);
  assert.ok(socket.destroyed);
  await once(client.resume(), 'close');
  accepting.close();
});
