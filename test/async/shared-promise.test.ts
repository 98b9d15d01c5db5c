import assert from 'node:assert/strict';
import { test } from 'node:test';
import { SharedPromise } from '../../src/async/shared-promise.ts';
import { liveBytes } from '../support/heap-used.ts';

const never = new AbortController().signal;

test('everybody who waits gets the value, and whoever comes later too', async () => {
  let settle: (value: number) => void = () => {};
  const shared = new SharedPromise(new Promise<number>((resolve) => (settle = resolve)));
  const early = [shared.wait(never), shared.wait(never)];
  settle(7);
  assert.deepEqual(await Promise.all(early), [7, 7]);
  assert.equal(await shared.wait(never), 7);
});

test('a rejection reaches those who wait, and nobody else', async () => {
  const shared = new SharedPromise(Promise.reject(new Error('no')));
  await new Promise(setImmediate);
  await assert.rejects(shared.wait(never), /no/);
});

test('an abort ends the wait of one with its reason, before it began too', async () => {
  const shared = new SharedPromise(new Promise<void>(() => {}));
  const leaving = new AbortController();
  const left = shared.wait(leaving.signal);
  leaving.abort(new Error('gone'));
  await assert.rejects(left, /gone/);
  await assert.rejects(shared.wait(leaving.signal), /gone/);
});

test('whoever gives up on a promise that stays pending leaves nothing behind', async () => {
  const shared = new SharedPromise(new Promise<void>(() => {}));
  const giveUp = async () => {
    const leaving = new AbortController();
    const wait = shared.wait(leaving.signal);
    leaving.abort(new Error('gone'));
    await wait.catch(() => {});
  };
  for (let i = 0; i < 1_000; i++) await giveUp();
  const before = await liveBytes();
  for (let i = 0; i < 5_000; i++) await giveUp();
  const each = ((await liveBytes()) - before) / 5_000;
  assert.ok(each < 60, `${each} bytes each`);
});
