import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Cancellation } from '../../src/async/cancellation.ts';
import { SingleFlight } from '../../src/forward/choice/single-flight.ts';
import { fc } from '../support/property.ts';

/** Somebody who never leaves. */
const never = new Cancellation();

/** Work that ends when it is told to. */
function deferred<V>(): {
  work: (flight: Cancellation) => Promise<V>;
  begun: Cancellation[];
  resolve: (value: V) => void;
  reject: (error: Error) => void;
} {
  let resolve: (value: V) => void = () => {};
  let reject: (error: Error) => void = () => {};
  const begun: Cancellation[] = [];
  const work = (flight: Cancellation): Promise<V> => {
    begun.push(flight);
    return new Promise<V>((yes, no) => {
      resolve = yes;
      reject = no;
    });
  };
  return { work, begun, resolve: (value) => resolve(value), reject: (error) => reject(error) };
}

test('equal work under way is done once, and everybody has its outcome', async () => {
  const flights = new SingleFlight<string, number>();
  const { work, begun, resolve } = deferred<number>();
  const waiters = Array.from({ length: 50 }, () => flights.run('key', work, never));
  assert.equal(begun.length, 1);
  assert.equal(flights.size, 1);
  resolve(7);
  assert.deepEqual(new Set(await Promise.all(waiters)), new Set([7]));
  assert.equal(flights.size, 0);
});

test('other keys are other work', async () => {
  const flights = new SingleFlight<string, string>();
  const outcomes = await Promise.all(['a', 'b'].map((key) => flights.run(key, async () => key, never)));
  assert.deepEqual(outcomes, ['a', 'b']);
});

test('a failure reaches everybody and is not kept', async () => {
  const flights = new SingleFlight<string, number>();
  const { work, reject } = deferred<number>();
  const waiters = [flights.run('key', work, never), flights.run('key', work, never)];
  reject(new Error('failed'));
  for (const waiter of waiters) await assert.rejects(waiter, /failed/);
  assert.equal(await flights.run('key', async () => 1, never), 1);
});

test('the first who asked may leave, and the others have the outcome', async () => {
  const flights = new SingleFlight<string, number>();
  const { work, begun, resolve } = deferred<number>();
  const leaver = new AbortController();
  const first = flights.run('key', work, Cancellation.following(leaver.signal));
  const second = flights.run('key', work, never);
  leaver.abort(new Error('left'));
  await assert.rejects(first, /left/);
  assert.equal(begun[0]?.signal.aborted, false);
  resolve(1);
  assert.equal(await second, 1);
});

test('when the last has left the work is abandoned, and who comes then begins anew', async () => {
  const flights = new SingleFlight<string, number>();
  const old = deferred<number>();
  const leavers = [new AbortController(), new AbortController()];
  const waiters = leavers.map(({ signal }) => flights.run('key', old.work, Cancellation.following(signal)));
  const signal = old.begun[0]?.signal;
  for (const [i, leaver] of leavers.entries()) leaver.abort(new Error(`left ${i}`));
  await assert.rejects(waiters[0] ?? Promise.resolve(), /left 0/);
  await assert.rejects(waiters[1] ?? Promise.resolve(), /left 1/);
  assert.equal(signal?.aborted, true);
  assert.match(String(signal?.reason), /left 1/);
  const fresh = deferred<number>();
  const later = flights.run('key', fresh.work, never);
  // The end of the abandoned work must not take the new one out of the map.
  old.resolve(1);
  await new Promise(setImmediate);
  assert.equal(flights.size, 1);
  fresh.resolve(2);
  assert.equal(await later, 2);
});

test('who comes with a signal that has fired begins nothing', async () => {
  const flights = new SingleFlight<string, number>();
  const { work, begun } = deferred<number>();
  await assert.rejects(
    flights.run('key', work, Cancellation.following(AbortSignal.abort(new Error('left')))),
    /left/,
  );
  assert.equal(begun.length, 0);
});

test('under any order of comings and leavings everybody who stays has the outcome, and nothing is left over', async () => {
  const action = fc.oneof(fc.constant('come' as const), fc.record({ leave: fc.nat(20) }));
  await fc.assert(
    fc.asyncProperty(fc.array(action, { maxLength: 40 }), async (actions) => {
      const flights = new SingleFlight<string, number>();
      const open: (() => void)[] = [];
      const work = (): Promise<number> => new Promise((resolve) => open.push(() => resolve(1)));
      const waiters: {
        readonly outcome: Promise<number>;
        readonly leaver: AbortController;
        left: boolean;
      }[] = [];
      for (const step of actions) {
        if (step === 'come') {
          const leaver = new AbortController();
          const outcome = flights.run('key', work, Cancellation.following(leaver.signal));
          outcome.catch(() => {});
          waiters.push({ outcome, leaver, left: false });
          continue;
        }
        const waiter = waiters[step.leave];
        if (waiter === undefined) continue;
        waiter.left = true;
        waiter.leaver.abort(new Error('left'));
      }
      for (const end of open) end();
      for (const { outcome, left } of waiters) {
        if (left) await assert.rejects(outcome, /left/);
        else assert.equal(await outcome, 1);
      }
      await new Promise(setImmediate);
      assert.equal(flights.size, 0);
    }),
  );
});
