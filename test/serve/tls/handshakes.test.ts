import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Handshakes } from '../../../src/serve/tls/handshakes.ts';
import { MovableClock } from '../../support/movable-clock.ts';

/** Handshakes with a clock of their own; `begun` are those that began, in their order. */
function scene() {
  const clock = new MovableClock();
  const handshakes = new Handshakes({ clock, random: () => 0 });
  const begun: string[] = [];
  return {
    clock,
    begun,
    flooded: (address: string) => handshakes.flooded(address),
    ask(address: string, count = 1) {
      const sockets = Array.from({ length: count }, () => ({ destroyed: false }));
      for (const socket of sockets) handshakes.begin(address, socket, () => begun.push(address));
      return sockets;
    },
    /** The time passes, and each that may begin has its turn of the event loop. */
    async pass(milliseconds: number): Promise<number> {
      const before = begun.length;
      clock.advance(milliseconds);
      for (let turn = 0; turn < 300; turn++) await new Promise(setImmediate);
      return begun.length - before;
    },
  };
}

test('a turn of the event loop has one handshake, or one step of one', async () => {
  const { ask, begun } = scene();
  ask('192.0.2.1', 3);
  ask('192.0.2.2', 3);
  const counts: number[] = [];
  for (let turn = 0; turn < 12; turn++) {
    await new Promise(setImmediate);
    counts.push(begun.length);
  }
  assert.equal(counts.at(-1), 6);
  counts.forEach((count, turn) => {
    assert.ok(count - (counts[turn - 1] ?? 0) <= 1, `${counts}`);
  });
});

test('a client has at once as many as it may have connections, and then sixteen a second', async () => {
  const { ask, pass } = scene();
  ask('192.0.2.1', 200);
  ask('192.0.2.2');
  assert.equal(await pass(0), 128 + 1);
  const next = await pass(1_000);
  assert.ok(next >= 15 && next <= 17, `${next}`);
});

test('who was ended for a flood waits longer each time, and others do not', async () => {
  const { ask, pass, flooded, begun } = scene();
  let pause = 250;
  for (let times = 0; times < 3; times++) {
    flooded('192.0.2.1');
    ask('192.0.2.1');
    ask('192.0.2.2');
    assert.equal(await pass(pause - 1), 1);
    assert.equal(begun.at(-1), '192.0.2.2');
    assert.equal(await pass(1), 1);
    assert.equal(begun.at(-1), '192.0.2.1');
    pause *= 2;
  }
  // Without a further flood it stays as long, from each to the next.
  ask('192.0.2.1', 2);
  assert.deepEqual([await pass(999), await pass(1), await pass(999), await pass(1)], [0, 1, 0, 1]);
});

test('the wait has an end within that of an idle connection, and for programs of this machine within a second', async () => {
  for (const [address, longest] of [
    ['192.0.2.1', 8_000],
    ['127.0.0.1', 1_000],
    ['::1', 1_000],
    ['::ffff:127.0.0.1', 1_000],
  ] as const) {
    const { ask, pass, flooded } = scene();
    for (let times = 0; times < 20; times++) flooded(address);
    ask(address);
    assert.equal(await pass(longest - 1), 0, address);
    assert.equal(await pass(1), 1, address);
  }
});

test('a client that has flooded nobody for a minute is like others', async () => {
  const { ask, pass, flooded } = scene();
  flooded('192.0.2.1');
  await pass(59_999);
  ask('192.0.2.1', 10);
  assert.equal(await pass(0), 1);
  assert.equal(await pass(1), 0);
  assert.equal(await pass(250), 9);
});

test('64 bits of an IPv6 address are one client', async () => {
  const { ask, pass, flooded, begun } = scene();
  flooded('2001:db8:0:1::1');
  ask('2001:db8:0:1:ffff::2');
  ask('2001:db8:0:2::1');
  assert.equal(await pass(0), 1);
  assert.deepEqual(begun, ['2001:db8:0:2::1']);
});

test('one that is gone takes the turn of nobody', async () => {
  const { ask, pass, flooded } = scene();
  flooded('192.0.2.1');
  const gone = ask('192.0.2.1', 100);
  ask('192.0.2.1');
  for (const socket of gone) socket.destroyed = true;
  assert.equal(await pass(250), 1);
  assert.equal(await pass(10_000), 0);
});

test('of those that wait at one address any is the next, so that a crowd is not before all others', async () => {
  const clock = new MovableClock();
  const handshakes = new Handshakes({ clock, random: () => 0.999 });
  const begun: number[] = [];
  handshakes.flooded('192.0.2.1');
  for (let index = 0; index < 4; index++)
    handshakes.begin('192.0.2.1', { destroyed: false }, () => begun.push(index));
  clock.advance(250);
  await new Promise(setImmediate);
  await new Promise(setImmediate);
  assert.deepEqual(begun, [3]);
});

test('of many clients the one that was seen last is remembered', async () => {
  const { ask, pass, flooded } = scene();
  for (let index = 0; index < 10_000; index++)
    flooded(`10.${index >> 16}.${(index >> 8) & 255}.${index & 255}`);
  ask('10.0.39.15');
  ask('10.0.0.0');
  assert.equal(await pass(0), 1);
  assert.equal(await pass(250), 1);
});
