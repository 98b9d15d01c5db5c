import assert from 'node:assert/strict';
import { getEventListeners } from 'node:events';
import { test } from 'node:test';
import { Cancellation } from '../../src/async/cancellation.ts';

test('one that follows a signal is cancelled with it, for the same reason', () => {
  const controller = new AbortController();
  using cancellation = Cancellation.following(controller.signal);
  const told: unknown[] = [];
  cancellation.listen((reason) => told.push(reason));
  assert.equal(cancellation.isCancelled, false);
  controller.abort('enough');
  assert.deepEqual([cancellation.isCancelled, cancellation.reason, told], [true, 'enough', ['enough']]);
});

test('one that follows a signal that has aborted is cancelled from the start', () => {
  using cancellation = Cancellation.following(AbortSignal.abort('before'));
  assert.equal(cancellation.reason, 'before');
});

test('a signal that is followed a thousand times has no listener left when the work is over', () => {
  const { signal } = new AbortController();
  for (let i = 0; i < 1000; i++) {
    using _ = Cancellation.following(signal);
    assert.equal(getEventListeners(signal, 'abort').length, 1);
  }
  assert.equal(getEventListeners(signal, 'abort').length, 0);
});

test('whoever stopped listening is not told, and each is told once', () => {
  const cancellation = new Cancellation();
  const told: string[] = [];
  const listeners = ['a', 'b', 'c'].map((name) => () => told.push(name));
  for (const listener of listeners) cancellation.listen(listener);
  cancellation.unlisten(listeners[1] ?? assert.fail());
  cancellation.cancel('first');
  cancellation.cancel('second');
  assert.deepEqual([told, cancellation.reason], [['a', 'c'], 'first']);
});

test('as a signal it aborts with the same reason, whether it is asked for before or after', () => {
  const cancellation = new Cancellation();
  const { signal } = cancellation;
  cancellation.cancel('enough');
  assert.deepEqual([signal.aborted, signal.reason], [true, 'enough']);
  const late = new Cancellation();
  late.cancel('enough');
  assert.equal(late.signal.reason, 'enough');
});
