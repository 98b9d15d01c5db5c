import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { createSocket } from 'node:dgram';
import { after, test } from 'node:test';
import { Type } from '../../src/dns/codes.ts';
import { EdnsOptionCode } from '../../src/dns/edns.ts';
import { encodeMessage } from '../../src/dns/message.ts';
import { TcpConnections } from '../../src/serve/tcp/connections.ts';
import { TcpListener } from '../../src/serve/tcp/listener.ts';
import { UdpListener } from '../../src/serve/udp/listener.ts';
import { askUdp, query, type ServerAddress, TcpClient, udpExchange } from '../support/dns-client.ts';
import { scriptedResponder } from './scripted-responder.ts';

const { responder } = scriptedResponder();

const loopback = { host: '127.0.0.1', port: 0 };
const closers: (() => Promise<void>)[] = [];
after(async () => {
  for (const close of closers) await close();
});

async function openTcp(): Promise<{ server: ServerAddress; listener: TcpListener }> {
  const listener = await TcpListener.open(loopback, new TcpConnections(responder));
  closers.push(() => listener.stop());
  return { listener, server: { host: '127.0.0.1', port: listener.port } };
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
  await assert.rejects(TcpListener.open(tcp.server, new TcpConnections(responder)), {
    name: 'ListenError',
    code: 'EADDRINUSE',
  });
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
  socket.close();
  return sent;
}

/** How many have reached it when nothing more was read for a hundred turns of the loop, however long a turn takes. */
async function allThatReached(reached: () => number): Promise<number> {
  for (let [count, turns] = [-1, 0]; turns < 100; await new Promise(setImmediate)) {
    turns = reached() === count ? turns + 1 : 0;
    count = reached();
  }
  return reached();
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
  const count = await allThatReached(reached);
  assert.ok(count >= sent * 0.99, `${count} of ${sent}`);
  assert.ok(await udpExchange(server, encodeMessage(query('after.example'))));
});

/** Id, RD, and one question. */
const plainHead = Buffer.from('123401000001000000000000', 'hex');

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
  const count = await allThatReached(reached);
  assert.ok(sent > 15_000 && count >= sent, `${count} of ${sent}`);
  assert.ok(await udpExchange(server, encodeMessage(query('after.example'))));
});
