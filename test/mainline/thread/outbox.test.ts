import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Outbox } from '../../../src/mainline/thread/outbox.ts';

test('messages go five at once, the rest of a turn together, and all in order', async () => {
  const posted: (readonly number[])[] = [];
  const { say } = new Outbox<number>((messages) => posted.push(messages));
  for (let message = 0; message < 12; message++) say(message);
  assert.deepEqual(posted, [
    [0, 1, 2, 3, 4],
    [5, 6, 7, 8, 9],
  ]);
  await new Promise((done) => setImmediate(done));
  assert.deepEqual(posted.slice(2), [[10, 11]]);
  say(12);
  await new Promise((done) => setImmediate(done));
  assert.deepEqual(posted.slice(3), [[12]]);
});

test('what waits can be sent now, and nothing is sent twice', async () => {
  const posted: (readonly number[])[] = [];
  const outbox = new Outbox<number>((messages) => posted.push(messages));
  outbox.say(1);
  outbox.flush();
  assert.deepEqual(posted, [[1]]);
  await new Promise((done) => setImmediate(done));
  outbox.flush();
  assert.deepEqual(posted, [[1]]);
});
