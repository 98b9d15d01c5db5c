import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { createSocket } from 'node:dgram';
import { type AddressInfo, connect } from 'node:net';
import { after, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { AnswerCache } from '../../src/cache/answer-cache.ts';
import { Type } from '../../src/dns/codes.ts';
import { EdnsOptionCode } from '../../src/dns/edns.ts';
import { encodeMessage } from '../../src/dns/message.ts';
import { type Answer, recordsAnswer } from '../../src/resolve/answer.ts';
import { everybody } from '../../src/serve/access-list.ts';
import { unlimited } from '../../src/serve/rate-limit.ts';
import { Responder } from '../../src/serve/responder.ts';
import { defaultTcpLimits, TcpListener } from '../../src/serve/tcp-listener.ts';
import { UdpListener } from '../../src/serve/udp-listener.ts';
import { askUdp, frame, query, type ServerAddress, TcpClient, udpExchange } from '../support/dns-client.ts';
import { aRecord } from '../support/packets.ts';

/** Names that begin with `slow` wait until the test releases them. */
const held: ((answer: Answer) => void)[] = [];
const responder = new Responder({
  resolver: {
    resolve: ({ question: { name } }) =>
      name.labels[0] === 'slow'
        ? new Promise((resolve) => held.push(resolve))
        : Promise.resolve(
            recordsAnswer({
              answers: Array.from({ length: name.labels[0] === 'big' ? 3000 : 1 }, (_, i) =>
                aRecord(name.toString(), `192.0.${i >> 8}.${i & 255}`),
              ),
            }),
          ),
  },
  cache: new AnswerCache({ maxBytes: 1_000_000, maxStale: 86_400, now: () => performance.now() }),
  access: everybody,
  rate: unlimited,
  cameBackFrom: () => undefined,
  onLoop: () => {},
  trustAuthenticData: false,
  now: () => performance.now(),
  onBug: (error) => {
    throw error;
  },
});

const loopback = { host: '127.0.0.1', port: 0 };
const closers: (() => Promise<void>)[] = [];
after(async () => {
  for (const close of closers) await close();
});

async function openTcp(limits = {}): Promise<{ server: ServerAddress; listener: TcpListener }> {
  const listener = await TcpListener.open(loopback, responder, { ...defaultTcpLimits, ...limits });
  closers.push(() => listener.stop());
  return { listener, server: { host: '127.0.0.1', port: (listener.address() as AddressInfo).port } };
}

async function openUdp(host = '127.0.0.1'): Promise<{ server: ServerAddress; listener: UdpListener }> {
  const listener = await UdpListener.open({ host, port: 0 }, responder);
  closers.push(() => listener.stop());
  return { listener, server: { host, port: listener.port } };
}

test('UDP answers over IPv4 and IPv6', async () => {
  for (const host of ['127.0.0.1', '::1']) {
    const { server } = await openUdp(host);
    assert.equal((await askUdp(server, query('a.example'))).answers.length, 1);
  }
});

test('an address that is taken is an error with its name, and not a wait for ever', async () => {
  const { server } = await openUdp();
  await assert.rejects(UdpListener.open(server, responder), { name: 'ListenError', code: 'EADDRINUSE' });
  const tcp = await openTcp();
  await assert.rejects(TcpListener.open(tcp.server, responder), { name: 'ListenError', code: 'EADDRINUSE' });
});

/** A UDP listener, and how many datagrams have reached it: each is ignored or is a query. */
async function openCountingUdp(): Promise<{ server: ServerAddress; reached: () => number }> {
  const { server, listener } = await openUdp();
  const { queries } = responder.statistics();
  return { server, reached: () => listener.statistics().ignored + responder.statistics().queries - queries };
}

/** Sends datagrams in small bursts, which the listener has read before the next: a flood is for the kernel to drop. */
async function sendAll(server: ServerAddress, datagrams: Iterable<Uint8Array>): Promise<number> {
  const socket = createSocket('udp4');
  await new Promise<void>((resolve) => socket.connect(server.port, server.host, () => resolve()));
  let sent = 0;
  for (const datagram of datagrams) {
    socket.send(datagram);
    if (++sent % 25 === 0) await new Promise(setImmediate);
  }
  await new Promise<void>((resolve) => socket.send(Buffer.of(0), () => resolve()));
  await sleep(100);
  socket.close();
  return sent;
}

test('100,000 random datagrams reach the server, and later it still answers', async () => {
  const { server, reached } = await openCountingUdp();
  function* random(): Generator<Uint8Array> {
    for (let i = 0; i < 100_000; i++) {
      const datagram = randomBytes(i % 5 === 0 ? i % 1400 : i % 80);
      // Half of them have the head of a query, so that more than their first octets is read.
      if (i % 2 === 0) datagram.set(plainHead.subarray(0, datagram.length));
      yield datagram;
    }
  }
  const sent = await sendAll(server, random());
  assert.ok(reached() >= sent * 0.99, `${reached()} of ${sent}`);
  assert.ok(await udpExchange(server, encodeMessage(query('after.example'))));
});

/** Id, RD, and one question. */
const plainHead = Buffer.from('123401000001000000000000', 'hex');

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

test('a client that sends an octet now and then, and never a whole query, is closed', async () => {
  const { server } = await openTcp({ idle: 300 });
  const client = new TcpClient(server);
  const trickle = setInterval(() => client.socket.write(Buffer.of(0)), 50);
  // The first two octets announce a message of no octets; what follows never becomes a query either.
  await client.whenClosed();
  clearInterval(trickle);
});

test('200 idle connections do not stop the 201st', async () => {
  const { server, listener } = await openTcp();
  const idle = Array.from({ length: 200 }, () => new TcpClient(server));
  await Promise.all(
    idle.map(({ socket }) => socket.connecting && new Promise((r) => socket.once('connect', r))),
  );
  const client = new TcpClient(server);
  client.send(query('a.example'));
  assert.equal((await client.next())?.answers.length, 1);
  assert.ok(listener.statistics().open <= defaultTcpLimits.connectionsPerClient);
  for (const { socket } of [...idle, client]) socket.destroy();
});

test('a client that asks much and never reads costs bounded memory and is closed', async () => {
  const { server, listener } = await openTcp({ idle: 500 });
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
  while (listener.statistics().open > 0 && performance.now() < deadline) await sleep(20);
  assert.equal(listener.statistics().open, 0);
  socket.destroy();
  await closed;
});

test('keepalive is told over TCP to those who ask, and never over UDP', async () => {
  const option = { code: EdnsOptionCode.TCP_KEEPALIVE, data: new Uint8Array(0) };
  const edns = { udpPayloadSize: 1232, version: 0, dnssecOk: false, options: [option] };
  const message = query('a.example', Type.A, { edns });
  const tcp = await openTcp();
  const client = new TcpClient(tcp.server);
  client.send(message);
  const told = (await client.next())?.edns?.options;
  assert.deepEqual(told, [{ code: EdnsOptionCode.TCP_KEEPALIVE, data: Uint8Array.of(0, 100) }]);
  client.socket.destroy();
  const udp = await openUdp();
  assert.deepEqual((await askUdp(udp.server, message)).edns?.options, []);
});

test('every two-byte change of a valid query leaves the server answering', async () => {
  const { server, reached } = await openCountingUdp();
  const valid = encodeMessage(query('w.example'));
  function* changed(): Generator<Uint8Array> {
    for (let i = 0; i < valid.length; i++) {
      for (let j = i + 1; j < valid.length; j++) {
        for (const [x, y] of values) {
          const copy = valid.slice();
          copy[i] = x;
          copy[j] = y;
          yield copy;
        }
      }
    }
  }
  // What lengths, counts, pointers and flags are made of, in every combination, for every pair of octets.
  const some = [0x00, 0x01, 0x0c, 0x3f, 0x80, 0xc0, 0xff];
  const values = some.flatMap((x) => some.map((y) => [x, y] as const));
  const sent = await sendAll(server, changed());
  assert.ok(sent > 15_000 && reached() >= sent, `${reached()} of ${sent}`);
  assert.ok(await udpExchange(server, encodeMessage(query('after.example'))));
});
