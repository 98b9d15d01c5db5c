import assert from 'node:assert/strict';
import { test } from 'node:test';
import { setImmediate as turn } from 'node:timers/promises';
import { SendQueue } from '../../src/system/send-queue.ts';

/** A system that does with each call what `script` says, and notes what was sent. */
function system(script: (texts: readonly string[], call: number) => number) {
  const calls: string[][] = [];
  const sent: string[] = [];
  const queue = new SendQueue((list) => {
    const texts = list.filter((_, i) => i % 3 === 0).map(String);
    assert.ok(list.every((item, i) => i % 3 !== 1 || item === 53));
    calls.push(texts);
    const count = script(texts, calls.length);
    sent.push(...texts.slice(0, count));
    return count;
  });
  const push = (...texts: readonly string[]) => {
    for (const text of texts) queue.push(Buffer.from(text), 53, '127.0.0.1');
  };
  return { calls, sent, queue, push };
}

/** Sends all but those that begin with `bad`, which it refuses as the kernel does: an error when one comes first. */
function refusing(texts: readonly string[]): number {
  if (texts[0]?.startsWith('bad')) throw new Error('EINVAL');
  const bad = texts.findIndex((text) => text.startsWith('bad'));
  return bad < 0 ? texts.length : bad;
}

test('what is sent in one turn is one call, and what in the next another', async () => {
  const { calls, push } = system((texts) => texts.length);
  push('a', 'b', 'c');
  assert.deepEqual(calls, []);
  await turn();
  push('d');
  await turn();
  assert.deepEqual(calls, [['a', 'b', 'c'], ['d']]);
});

test('256 are a batch, whether the turn is over or not', () => {
  const { calls, push } = system((texts) => texts.length);
  push(...Array.from({ length: 300 }, (_, i) => `${i}`));
  assert.deepEqual(
    calls.map((texts) => texts.length),
    [256],
  );
});

test('what finds no room waits, in its order, until there is room', async () => {
  let room = 2;
  const { sent, queue, push } = system((texts) => {
    const count = Math.min(room, texts.length);
    room -= count;
    return count;
  });
  push('a', 'b', 'c');
  await turn();
  assert.deepEqual(sent, ['a', 'b']);
  push('d');
  await turn();
  room = 9;
  queue.flush();
  assert.deepEqual(sent, ['a', 'b', 'c', 'd']);
  assert.equal(queue.errors, 0);
});

test('no more than 4096 wait; what is too many is counted', async () => {
  let room = 0;
  const { sent, queue, push } = system((texts) => Math.min(room, texts.length));
  push(...Array.from({ length: 5_000 }, (_, i) => `${i}`));
  assert.equal(queue.errors, 5_000 - 4_096);
  room = 5_000;
  await turn();
  assert.equal(sent.length, 4_096);
  assert.equal(sent.at(-1), '4095');
});

test('those that the system refuses are counted and cost no other', async () => {
  const { sent, queue, push } = system(refusing);
  push('bad 1', 'a', 'bad 2', 'bad 3', 'b', 'bad 4');
  await turn();
  assert.deepEqual(sent, ['a', 'b']);
  assert.equal(queue.errors, 4);
});

test('a whole list that is refused for one of its items is sent one by one', async () => {
  const { sent, queue, push } = system((texts) => {
    if (texts.includes('no port')) throw new TypeError('Expected "port"');
    return texts.length;
  });
  push('a', 'no port', 'b');
  await turn();
  assert.deepEqual(sent, ['a', 'b']);
  assert.equal(queue.errors, 1);
});

test('an error that waited from a datagram before costs nothing', async () => {
  const { sent, queue, push } = system((texts, call) => {
    if (call === 1 || call === 2) throw new Error('ECONNREFUSED');
    return texts.length;
  });
  push('a', 'b');
  await turn();
  assert.deepEqual(sent, ['a', 'b']);
  assert.equal(queue.errors, 0);
});
