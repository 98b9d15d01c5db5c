import assert from 'node:assert/strict';
import { getEventListeners } from 'node:events';
import { test } from 'node:test';
import { setImmediate } from 'node:timers/promises';
import { orAborted } from '../../src/async/or-aborted.ts';
import { withTimeout } from '../../src/async/with-timeout.ts';
import { MovableClock } from '../support/movable-clock.ts';

const never = new Promise<never>(() => {});

test('work that ends in time gives its value or its error, and leaves no timer', async () => {
  const clock = new MovableClock();
  assert.equal(await withTimeout(Promise.resolve('done'), 100, () => 'late', clock), 'done');
  await assert.rejects(
    withTimeout(Promise.reject(new Error('broken')), 100, () => 'late', clock),
    /broken/,
  );
  assert.equal(clock.waiting, 0);
});

test('work that takes longer gives what is put in its place, a value or an error', async () => {
  const clock = new MovableClock();
  const value = withTimeout(never, 100, () => 'late', clock);
  const error = withTimeout(
    never,
    100,
    () => {
      throw new Error('too late');
    },
    clock,
  );
  clock.advance(99);
  await setImmediate();
  assert.equal(clock.waiting, 2);
  clock.advance(1);
  assert.equal(await value, 'late');
  await assert.rejects(error, /too late/);
});

test('work that fails after the timeout disturbs nobody', async () => {
  const clock = new MovableClock();
  const { promise, reject } = withResolvers();
  const outcome = withTimeout(promise, 100, () => 'late', clock);
  clock.advance(100);
  assert.equal(await outcome, 'late');
  // An unhandled rejection would fail this file.
  reject(new Error('nobody listens'));
  await setImmediate();
});

test('work whose signal has aborted already may fail unheard', async () => {
  const { promise, reject } = withResolvers();
  await assert.rejects(orAborted(promise, AbortSignal.abort(new Error('gone'))), /gone/);
  reject(new Error('nobody listens'));
  await setImmediate();
});

test('waiting for a signal leaves no listener on it', async () => {
  const { signal } = new AbortController();
  await orAborted(Promise.resolve(), signal);
  await assert.rejects(orAborted(Promise.reject(new Error('broken')), signal), /broken/);
  assert.equal(getEventListeners(signal, 'abort').length, 0);
});

function withResolvers(): { promise: Promise<never>; reject: (reason: unknown) => void } {
  let reject: (reason: unknown) => void = () => {};
  const promise = new Promise<never>((_, rejectIt) => {
    reject = rejectIt;
  });
  return { promise, reject };
}
