import assert from 'node:assert/strict';
import { once } from 'node:events';
import { closeSync } from 'node:fs';
import { connect, createServer, type Socket } from 'node:net';
import { test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { Worker } from 'node:worker_threads';
import type { ListenAddress } from '../../src/config/listen-address.ts';
import { type HttpParts, HttpSide } from '../../src/http/http-side.ts';
import { silentLog } from '../../src/observe/log.ts';
import { copyListening } from '../../src/system/listening/copy-listening.ts';

const parts: HttpParts = {
  calls: async () => ({
    packet: () => Promise.reject(new Error('nobody asks')),
    addresses: () => Promise.reject(new Error('nobody asks')),
    figures: () => Promise.reject(new Error('nobody asks')),
    'look-up': () => Promise.reject(new Error('nobody asks')),
    'relay-get': () => Promise.reject(new Error('nobody asks')),
    'relay-put': () => Promise.reject(new Error('nobody asks')),
    names: () => Promise.reject(new Error('nobody asks')),
    metrics: () => Promise.reject(new Error('nobody asks')),
    health: () => Promise.reject(new Error('nobody asks')),
    readiness: () => Promise.reject(new Error('nobody asks')),
  }),
  log: silentLog,
  onInternalError: (error) => assert.fail(error.text),
  spawn: (options) => new Worker(new URL('./echo-thread.js', import.meta.url), { workerData: options }),
};

const thread = { privateKeys: [], petnames: [], names: [], relayOrigins: [], proxies: [], allowFrom: [] };

const loopback = (port = 0) => ({ address: { host: '127.0.0.1', port } });

async function open(some: Partial<HttpParts> = {}) {
  const side = new HttpSide({ ...parts, ...some });
  await side.apply({ sockets: [loopback()], thread });
  return side;
}

/** Says a word, and resolves with what comes back. */
async function say(address: ListenAddress | undefined, word: string, socket?: Socket): Promise<string> {
  assert.ok(address !== undefined);
  const peer = socket ?? connect(address);
  peer.write(word);
  const [octets] = (await once(peer, 'data')) as [Buffer];
  if (socket === undefined) peer.destroy();
  return octets.toString().replace(/^\d+ /, '');
}

test('the first connection starts the thread, and all that come meanwhile are served', async () => {
  const side = await open();
  try {
    const { addresses } = side;
    assert.deepEqual(
      [side.status().state, side.status()],
      ['waiting', { state: 'waiting', addresses: [`127.0.0.1:${addresses[0]?.port}`], starts: 0 }],
    );
    const words = Array.from({ length: 30 }, (_, index) => `word ${index}`);
    assert.deepEqual(await Promise.all(words.map((word) => say(addresses[0], word))), words);
    assert.deepEqual(side.status(), { ...side.status(), state: 'running', starts: 1 });
    assert.equal(await say(addresses[0], 'later'), 'later');
  } finally {
    await side.close();
  }
});

test('when the thread ends, the port is held, who connects waits, and the next thread serves', async () => {
  const side = await open();
  try {
    const [address] = side.addresses;
    for (let round = 1; round <= 3; round++) {
      assert.equal(await say(address, 'before'), 'before');
      const last = connect(address as ListenAddress);
      last.write('end');
      await once(last, 'close');
      // Nobody is refused, whatever the moment.
      const words = ['at once', 'next', 'third'];
      assert.deepEqual(await Promise.all(words.map((word) => say(address, word))), words);
      assert.deepEqual(side.status(), { ...side.status(), starts: round + 1 });
    }
  } finally {
    await side.close();
  }
});

test('an address that somebody else has leaves the other closed too, says who has it, and is had when it is free', async () => {
  const other = createServer().listen(0, '127.0.0.2');
  await once(other, 'listening');
  const { port } = other.address() as { port: number };
  const lines: string[] = [];
  const log = { ...silentLog, warn: (message: string) => lines.push(message) };
  const side = new HttpSide({ ...parts, log, tryAgainMs: 20 });
  try {
    await side.apply({
      sockets: [loopback(port), { address: { host: '127.0.0.2', port } }],
      thread,
    });
    const status = side.status();
    assert.equal(status.state, 'refused');
    assert.deepEqual(status.state === 'refused' && [status.address, status.code, status.holders[0]?.pid], [
      `127.0.0.2:${port}`,
      'EADDRINUSE',
      process.pid,
    ]);
    await assert.rejects(once(connect(port, '127.0.0.1'), 'connect'), { code: 'ECONNREFUSED' });
    assert.equal(lines.length, 1);
    other.close();
    while (side.status().state !== 'waiting') await sleep(10);
    assert.equal(await say({ host: '127.0.0.1', port }, 'free'), 'free');
    assert.equal(await say({ host: '127.0.0.2', port }, 'too'), 'too');
  } finally {
    other.close();
    await side.close();
  }
});

test('an address that this machine does not have is left out', async () => {
  const side = new HttpSide(parts);
  await side.apply({ sockets: [{ address: { host: '192.0.2.77', port: 0 } }, loopback()], thread });
  assert.equal(side.addresses.length, 1);
  await side.close();
});

test('other addresses and "off" take effect while it runs, and who waits for the thread is not kept', async () => {
  const side = await open();
  const [first] = side.addresses;
  assert.equal(await say(first, 'here'), 'here');
  await side.apply({ sockets: [loopback(), { address: { host: '127.0.0.3', port: 0 } }], thread });
  assert.equal(side.addresses.length, 2);
  assert.equal(await say(side.addresses[1], 'there'), 'there');
  await assert.rejects(once(connect(first as ListenAddress), 'connect'), { code: 'ECONNREFUSED' });
  await side.apply({ sockets: [], thread });
  assert.deepEqual(side.status(), { state: 'off' });
  await side.close();
});

test('a thread that cannot be started is told, and who waited is let go', async () => {
  const lines: string[] = [];
  const log = { ...silentLog, error: (message: string) => lines.push(message) };
  const side = await open({ log, copy: () => Promise.reject(new Error('no copies today')) });
  try {
    const socket = connect(side.addresses[0] as ListenAddress);
    await once(socket, 'close');
    assert.deepEqual(lines, ['The thread of the HTTP side cannot be started.']);
    assert.equal(side.status().state, 'waiting');
  } finally {
    await side.close();
  }
});

test('who was accepted before the end is answered, though the thread has yet to start', async () => {
  for (const moment of ['before', 'after'] as const) {
    let closing: Promise<void> | undefined;
    const side: HttpSide = await open({
      answerMs: 60_000,
      copy: (servers) => {
        if (moment === 'before') closing = side.close();
        return copyListening(servers);
      },
      spawn: (options) => {
        if (moment === 'after') closing = side.close();
        return new Worker(new URL('./echo-thread.js', import.meta.url), { workerData: options });
      },
    });
    const words = ['first', 'second'];
    assert.deepEqual(await Promise.all(words.map((word) => say(side.addresses[0], word))), words, moment);
    await (closing ?? assert.fail('nobody needed the thread'));
  }
});

test('a connection that asks for nothing does not keep the end from coming', async () => {
  const side = await open({ answerMs: 50 });
  const silent = connect(side.addresses[0] as ListenAddress);
  silent.on('error', () => {});
  while (side.status().state !== 'running') await sleep(10);
  await side.close();
  silent.destroy();
});

test('a socket that was handed over stays with us through a refusal, other addresses and "off", and is used again', async () => {
  const manager = createServer().listen(0, '127.0.0.1');
  await once(manager, 'listening');
  const other = createServer().listen(0, '127.0.0.2');
  await once(other, 'listening');
  const [address, taken] = [manager, other].map((server) => {
    const { address: host, port } = server.address() as { address: string; port: number };
    return { host, port };
  }) as [ListenAddress, ListenAddress];
  // Whoever hands it over keeps one too, so that the address cannot be bound.
  const [held, descriptor] = (await copyListening([manager, manager])) as [number, number];
  manager.close();
  const handed = { address, descriptor };
  const side = new HttpSide({ ...parts, tryAgainMs: 20 });
  const closedAtOnce = async () => {
    const socket = connect(address);
    socket.on('error', () => {});
    await once(socket, 'connect');
    await once(socket, 'close');
  };
  try {
    // From the start, and where an address before it is refused.
    await side.apply({ sockets: [], handed: [handed], thread });
    assert.deepEqual(side.status(), { state: 'off' });
    await closedAtOnce();
    await side.apply({ sockets: [handed, { address: taken }], thread });
    assert.equal(side.status().state, 'refused');
    await closedAtOnce();
    other.close();
    while (side.status().state !== 'waiting') await sleep(10);
    // While a thread runs, and while none does.
    for (const word of ['running', 'waiting']) {
      if (word === 'running') assert.equal(await say(address, word), word);
      await side.apply({ sockets: [], thread });
      await closedAtOnce();
      await side.apply({ sockets: [{ address: { host: '127.0.0.3', port: 0 } }, handed], thread });
      assert.deepEqual(side.addresses.at(-1), address);
    }
    assert.equal(await say(address, 'again'), 'again');
  } finally {
    other.close();
    await side.close();
    closeSync(held);
  }
});
