import assert from 'node:assert/strict';
import { createSocket, type Socket } from 'node:dgram';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import type { DatagramOptions, DatagramSocket } from '../../src/system/datagram-socket.ts';
import { openDatagrams } from '../../src/system/open-datagrams.ts';

// One suite for every runtime: it runs for the one that runs it.

const RECEIVE_BUFFER = 4 * 1024 * 1024;

/** A socket that answers every datagram with its octets, unless `onDatagram` says otherwise. */
async function open(options: Partial<DatagramOptions> = {}): Promise<DatagramSocket & AsyncDisposable> {
  const socket = await openDatagrams({
    host: '127.0.0.1',
    port: 0,
    receiveBuffer: RECEIVE_BUFFER,
    onDatagram: (octets, host, port, from) => from.send(octets, port, host),
    ...options,
  });
  return Object.assign(socket, { [Symbol.asyncDispose]: () => socket.close() });
}

/** A client that counts what comes back. */
async function client(host = '127.0.0.1') {
  const socket: Socket = createSocket({
    type: host.includes(':') ? 'udp6' : 'udp4',
    recvBufferSize: RECEIVE_BUFFER,
  });
  socket.bind(0, host);
  await once(socket, 'listening');
  const received: string[] = [];
  socket.on('message', (octets) => received.push(octets.toString('latin1')));
  return {
    port: socket.address().port,
    received,
    send: (text: string, port: number) =>
      new Promise<void>((resolve) => socket.send(Buffer.from(text, 'latin1'), port, host, () => resolve())),
    /** Waits until `count` datagrams are there, and a moment for one too many. */
    async receives(count: number): Promise<readonly string[]> {
      for (let waited = 0; received.length < count && waited < 5_000; waited += 10) await sleep(10);
      await sleep(20);
      assert.equal(received.length, count);
      return received;
    },
    close: () => socket.close(),
  };
}

test('datagrams are answered over IPv4 and IPv6, octet for octet, the empty one too', async () => {
  for (const host of ['127.0.0.1', '::1']) {
    await using server = await open({ host });
    const asking = await client(host);
    for (const text of ['a', '', '\0\xff', 'x'.repeat(1232)]) await asking.send(text, server.port);
    assert.deepEqual([...(await asking.receives(4))].sort(), ['', '\0\xff', 'a', 'x'.repeat(1232)]);
    asking.close();
  }
});

test('who asks is told as a numeric address and a port', async () => {
  const seen: [string, number][] = [];
  await using server = await open({ onDatagram: (_, host, port) => seen.push([host, port]) });
  const asking = await client();
  await asking.send('a', server.port);
  while (seen.length === 0) await sleep(5);
  assert.deepEqual(seen, [['127.0.0.1', asking.port]]);
  asking.close();
});

test('a thousand datagrams answered in one turn all arrive, in their order', async () => {
  const asking = await client();
  await using server = await open();
  const expected = Array.from({ length: 1000 }, (_, i) => `answer ${i}`);
  for (const text of expected) server.send(Buffer.from(text), asking.port, '127.0.0.1');
  assert.deepEqual(await asking.receives(1000), expected);
  assert.equal(server.sendErrors, 0);
  asking.close();
});

test('a datagram that cannot be sent costs nothing but itself', async () => {
  const asking = await client();
  await using server = await open();
  const put = (text: string, port = asking.port, host = '127.0.0.1') =>
    server.send(Buffer.from(text), port, host);
  put('first');
  put('nowhere', 53, '255.255.255.255'); // not without SO_BROADCAST
  put('second');
  put('no port', 0);
  put('third');
  put('another family', 53, '2001:db8::1');
  put('x'.repeat(70_000)); // longer than a datagram can be
  put('fourth');
  assert.deepEqual(await asking.receives(4), ['first', 'second', 'third', 'fourth']);
  // Node tells of those that fail later only.
  assert.ok(server.sendErrors >= 1 && server.sendErrors <= 4, `${server.sendErrors} are counted`);
  asking.close();
});

test('clients that have gone do not cost others their answers', async () => {
  const gone = await client();
  gone.close();
  const asking = await client();
  await using server = await open();
  for (let i = 0; i < 50; i++) {
    // The system tells of the closed port with an ICMP message, which waits for whoever sends next.
    server.send(Buffer.from('nobody'), gone.port, '127.0.0.1');
    server.send(Buffer.from(`${i}`), asking.port, '127.0.0.1');
    if (i % 5 === 0) await sleep(2);
  }
  await asking.receives(50);
  asking.close();
});

test('what comes while the program is busy waits in the kernel', {
  skip: grantedBuffer() < RECEIVE_BUFFER && 'this system grants no such buffer (net.core.rmem_max)',
}, async () => {
  await using server = await open();
  const sender = createSocket({ type: 'udp4', recvBufferSize: RECEIVE_BUFFER });
  await new Promise<void>((resolve) => sender.connect(server.port, '127.0.0.1', () => resolve()));
  const datagram = Buffer.alloc(40);
  let count = 0;
  const sent: Promise<void>[] = [];
  for (let i = 0; i < 2_000; i++) {
    sent.push(new Promise((resolve) => sender.send(datagram, () => resolve())));
  }
  sender.on('message', () => count++);
  // Nothing is read until this turn of the event loop is over.
  await Promise.all(sent);
  for (let waited = 0; count < 2_000 && waited < 5_000; waited += 10) await sleep(10);
  assert.ok(count >= 1_900, `${count} of 2000 were answered`);
  sender.close();
});

test('however many wait in the kernel, all else has its turn after 256 of them, and none is lost', {
  skip: grantedBuffer() < RECEIVE_BUFFER && 'this system grants no such buffer (net.core.rmem_max)',
}, async () => {
  let taken = 0;
  let ofThisTurn = 0;
  let most = 0;
  let isOver = false;
  const nextTurn = () => {
    most = Math.max(most, ofThisTurn);
    ofThisTurn = 0;
    if (!isOver) setImmediate(nextTurn);
  };
  await using server = await open({
    onDatagram: (octets, host, port, from) => {
      taken++;
      ofThisTurn++;
      if (taken % 2 === 0) from.send(octets, port, host);
    },
  });
  const asking = await client();
  // A turn for what is loaded in the background.
  await sleep(50);
  nextTurn();
  const sent: Promise<void>[] = [];
  for (let i = 0; i < 2_000; i++) sent.push(asking.send(`${i}`, server.port));
  await Promise.all(sent);
  assert.equal((await asking.receives(1_000)).length, 1_000);
  isOver = true;
  assert.equal(taken, 2_000);
  // Bun reads eight at a time, and hands over all of those.
  assert.ok(most <= 264, `${most} were taken in one turn`);
  asking.close();
});

test('an address that is taken or is none of this machine is an error with its code', async () => {
  await using server = await open();
  await assert.rejects(open({ port: server.port }), { code: 'EADDRINUSE' });
  await assert.rejects(open({ host: '192.0.2.1' }), { code: 'EADDRNOTAVAIL' });
});

test('the wildcard of IPv6 leaves that of IPv4 to others', async () => {
  await using six = await open({ host: '::' });
  await using four = await open({ host: '0.0.0.0', port: six.port });
  assert.equal(four.port, six.port);
});

test('closing sends what waits, frees the port, and a late answer is no error of anybody', async () => {
  const asking = await client();
  const server = await open();
  const { port } = server;
  server.send(Buffer.from('last'), asking.port, '127.0.0.1');
  await server.close();
  server.send(Buffer.from('too late'), asking.port, '127.0.0.1');
  assert.deepEqual(await asking.receives(1), ['last']);
  await using again = await open({ port });
  assert.equal(again.port, port);
  asking.close();
});

/** Octets that the system lets a socket have; as many as you like where it does not say. */
function grantedBuffer(): number {
  try {
    return Number(readFileSync('/proc/sys/net/core/rmem_max', 'utf8'));
  } catch {
    return process.platform === 'linux' ? 0 : Number.POSITIVE_INFINITY;
  }
}
