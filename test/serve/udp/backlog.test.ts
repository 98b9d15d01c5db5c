import assert from 'node:assert/strict';
import { test } from 'node:test';
import { setImmediate as turn } from 'node:timers/promises';
import { Backlog } from '../../../src/serve/udp/backlog.ts';
import type { DatagramSocket } from '../../../src/system/datagram-socket.ts';

const socket: DatagramSocket = {
  port: 53,
  sendErrors: 0,
  send: () => {},
  stopReading: async () => {},
  close: async () => {},
};

/** A backlog, and what it has begun and dropped. */
function scene() {
  const begun: string[] = [];
  const counts = { dropped: 0 };
  const time = { now: 0 };
  const backlog = new Backlog({
    begin: (octets, client) => begun.push(`${client} ${octets}`),
    dropped: () => counts.dropped++,
    now: () => time.now,
  });
  const take = (count: number, client: string, port = 1000, from = 0) => {
    for (let i = from; i < from + count; i++) backlog.take(Buffer.from(`${i}`), client, port, socket);
  };
  return { backlog, begun, counts, time, take };
}

const numbers = (count: number, client: string, from = 0) =>
  Array.from({ length: count }, (_, i) => `${client} ${from + i}`);

test('what comes in small numbers is begun at once, turn after turn', async () => {
  const { backlog, begun, take } = scene();
  for (let i = 0; i < 10; i++) {
    take(16, '192.0.2.1');
    assert.equal(backlog.size, 0);
    await turn();
  }
  assert.equal(begun.length, 160);
});

test('of a burst the rest is begun in the next turns, all of it and in its order', async () => {
  const { backlog, begun, counts, take } = scene();
  take(1_000, '192.0.2.1');
  assert.deepEqual(begun, numbers(16, '192.0.2.1'));
  for (let i = 0; backlog.size > 0 && i < 100; i++) await turn();
  assert.deepEqual(begun, numbers(1_000, '192.0.2.1'));
  assert.equal(counts.dropped, 0);
});

test('while more come, one is begun for eight, and four at least', async () => {
  const { begun, take } = scene();
  take(400, '192.0.2.1');
  begun.length = 0;
  await turn();
  assert.equal(begun.length, 50);
  take(24, '192.0.2.1', 1000, 400);
  await turn();
  assert.equal(begun.length, 54);
  await turn();
  assert.equal(begun.length, 70);
});

test('each client has its turn, however many another one has waiting', async () => {
  const { begun, take } = scene();
  take(1_000, '192.0.2.1');
  take(2, '192.0.2.2');
  take(1, '2001:db8::1');
  begun.length = 0;
  await turn();
  assert.deepEqual(begun.slice(0, 5), [
    '192.0.2.1 16',
    '192.0.2.2 0',
    '2001:db8::1 0',
    '192.0.2.1 17',
    '192.0.2.2 1',
  ]);
});

test('programs of this machine are clients of their own, and all addresses of a site are one', async () => {
  const { begun, take } = scene();
  take(1_000, '127.0.0.1');
  take(1, '127.0.0.1', 2000, 5_000);
  take(1, '2001:db8::1');
  take(1, '2001:db8::2');
  begun.length = 0;
  await turn();
  assert.deepEqual(begun.slice(0, 5), [
    '127.0.0.1 16',
    '127.0.0.1 5000',
    '2001:db8::1 0',
    '127.0.0.1 17',
    '2001:db8::2 0',
  ]);
});

test('a client alone has half of the room, and its oldest are dropped first', () => {
  const { backlog, begun, counts, take } = scene();
  take(16 + 8_192 + 100, '192.0.2.1');
  assert.equal(backlog.size, 8_192);
  assert.equal(counts.dropped, 100);
  begun.length = 0;
  backlog.finish();
  assert.deepEqual(begun, numbers(256, '192.0.2.1', 116));
});

test('one that floods takes no room from others', () => {
  const { backlog, counts, take } = scene();
  take(20_000, '192.0.2.1');
  take(4_000, '192.0.2.2');
  const droppedBefore = counts.dropped;
  take(20_000, '192.0.2.1');
  assert.equal(counts.dropped - droppedBefore, 20_000);
  assert.equal(backlog.size, 8_192 + 4_000);
});

test('however many clients there are, no more than 16,384 wait', () => {
  const { backlog, counts, take } = scene();
  for (let client = 0; client < 20_000; client++) {
    take(2, `198.18.${client >> 8}.${client & 255}`);
    assert.ok(backlog.size <= 16_384);
  }
  assert.equal(backlog.size + counts.dropped + 16, 40_000);
});

test('a query that has waited for 4 s is dropped, for its client has asked again', async () => {
  const { backlog, begun, counts, time, take } = scene();
  take(20, '192.0.2.1');
  time.now = 4_001;
  take(1, '192.0.2.1', 1000, 20);
  begun.length = 0;
  for (let i = 0; backlog.size > 0 && i < 100; i++) await turn();
  assert.deepEqual(begun, ['192.0.2.1 20']);
  assert.equal(counts.dropped, 4);
});

test('while nothing can be begun, no more wait than came in 4 s', () => {
  const { backlog, counts, time, take } = scene();
  for (; time.now < 10_000; time.now++) take(1, '192.0.2.1');
  assert.ok(backlog.size >= 4_000 && backlog.size <= 4_004, `${backlog.size} wait`);
  assert.equal(backlog.size + counts.dropped + 16, 10_000);
});

test('at the end some that wait are begun, those of each client, and the rest is dropped', () => {
  const { backlog, begun, counts, take } = scene();
  take(1_000, '192.0.2.1');
  take(3, '192.0.2.2');
  begun.length = 0;
  backlog.finish();
  assert.equal(begun.length, 256);
  assert.equal(begun.filter((text) => text.startsWith('192.0.2.2 ')).length, 3);
  assert.equal(backlog.size, 0);
  assert.equal(counts.dropped, 1_003 - 16 - 256);
});

test('a query longer than a name and a few options waits for nothing: it is begun, or dropped where others wait', () => {
  const { backlog, begun, counts, take } = scene();
  backlog.take(Buffer.alloc(4_000), '192.0.2.1', 1000, socket);
  assert.equal(begun.length, 1);
  take(20, '192.0.2.1');
  backlog.take(Buffer.alloc(4_000), '192.0.2.1', 1000, socket);
  assert.equal(begun.length, 16);
  assert.equal(counts.dropped, 1);
});
