import assert from 'node:assert/strict';
import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { openPeer } from '../../src/system/open-peer.ts';
import type { PeerOptions } from '../../src/system/peer-socket.ts';

// One suite for every runtime: it runs for the one that runs it.

/** Asks, and gives what came first: octets, or an error's code. */
async function ask(options: Pick<PeerOptions, 'host' | 'port'> & Partial<PeerOptions>): Promise<string> {
  let resolve: (answer: string) => void = () => {};
  const promise = new Promise<string>((settle) => {
    resolve = settle;
  });
  const peer = openPeer({ nextLocalPort: randomPort, ...options });
  peer.send(Buffer.from('question'), {
    received: (octets) => resolve(Buffer.from(octets).toString()),
    failed: (error) => resolve(error instanceof Error && 'code' in error ? String(error.code) : 'no code'),
  });
  const answer = await promise;
  peer.close();
  return answer;
}

async function echo(host: string) {
  const socket = createSocket(host.includes(':') ? 'udp6' : 'udp4');
  socket.on('message', (octets, from) => socket.send(`${octets}, answered`, from.port, from.address));
  socket.bind(0, host);
  await once(socket, 'listening');
  return { host, port: socket.address().port, close: () => socket.close() };
}

test('a peer is asked and its answer told, over IPv4 and IPv6', async () => {
  for (const host of ['127.0.0.1', '::1']) {
    const peer = await echo(host);
    assert.equal(await ask(peer), 'question, answered');
    peer.close();
  }
});

test('another local port is tried when one is taken', async () => {
  const peer = await echo('127.0.0.1');
  const holder = createSocket('udp4').bind(0, '0.0.0.0');
  await once(holder, 'listening');
  const taken = holder.address().port;
  const ports = [taken, taken, randomPort()];
  assert.equal(await ask({ ...peer, nextLocalPort: () => ports.shift() ?? 0 }), 'question, answered');
  assert.equal(ports.length, 0);
  assert.equal(await ask({ ...peer, nextLocalPort: () => taken }), 'EADDRINUSE');
  for (const socket of [peer, holder]) socket.close();
});

test('a port that nobody listens on is told at once', async () => {
  const peer = await echo('127.0.0.1');
  peer.close();
  assert.equal(await ask(peer), 'ECONNREFUSED');
});

test('an address that cannot be reached is told, and never before send has returned', async () => {
  // Nothing goes there without SO_BROADCAST.
  assert.equal(await ask({ host: '255.255.255.255', port: 53 }), 'EACCES');
});

test('an answer of anybody else does not arrive', async () => {
  const peer = createSocket('udp4').bind(0, '127.0.0.1');
  const stranger = createSocket('udp4').bind(0, '127.0.0.1');
  await Promise.all([once(peer, 'listening'), once(stranger, 'listening')]);
  peer.on('message', (_, from) => {
    stranger.send('forged', from.port, from.address, () => {
      setTimeout(() => peer.send('true', from.port, from.address), 20);
    });
  });
  assert.equal(await ask({ host: '127.0.0.1', port: peer.address().port }), 'true');
  for (const socket of [peer, stranger]) socket.close();
});

test('nothing is told after it was closed, even at once', async () => {
  const peer = await echo('127.0.0.1');
  const told: string[] = [];
  const listener = { received: () => told.push('answer'), failed: () => told.push('error') };
  const open = (host: string) => openPeer({ host, port: peer.port, nextLocalPort: randomPort });
  for (const host of [peer.host, '255.255.255.255']) {
    const socket = open(host);
    socket.send(Buffer.from('question'), listener);
    socket.close();
  }
  open(peer.host).close();
  await sleep(50);
  assert.deepEqual(told, []);
  peer.close();
});

test('a socket that hears something before it has asked is of no use any more', async () => {
  const peer = createSocket('udp4').bind(0, '127.0.0.1');
  await once(peer, 'listening');
  let port = 0;
  const nextLocalPort = () => {
    port = randomPort();
    return port;
  };
  const socket = openPeer({ host: '127.0.0.1', port: peer.address().port, nextLocalPort });
  const untouched = openPeer({ host: '127.0.0.1', port: peer.address().port, nextLocalPort: randomPort });
  await sleep(20);
  assert.deepEqual([socket.isGood, untouched.isGood], [true, true]);
  peer.send('a guess', port, '127.0.0.1');
  while (socket.isGood) await sleep(5);
  assert.equal(untouched.isGood, true);
  for (const one of [socket, untouched, peer]) one.close();
});

function randomPort(): number {
  return 20_000 + Math.floor(Math.random() * 40_000);
}
