import assert from 'node:assert/strict';
import { test } from 'node:test';
import { feedWatchdog } from '../../../src/system/notify/watchdog.ts';

/** Feeds a watchdog of 120 ms for as long as `isDone` is false. */
async function run(
  isAnswered: (asked: number) => boolean,
  isDone: (counts: { alive: number; silent: number; asked: number }) => boolean,
) {
  const counts = { alive: 0, silent: 0, asked: 0 };
  const startedAt = performance.now();
  const stop = feedWatchdog({
    periodMs: 120,
    async isAnswered(withinMs) {
      if (isAnswered(counts.asked++)) return true;
      await new Promise((resolve) => setTimeout(resolve, withinMs));
      return false;
    },
    alive: () => counts.alive++,
    onSilence: () => counts.silent++,
  });
  while (!isDone(counts)) await new Promise((resolve) => setTimeout(resolve, 5));
  stop();
  const after = { ...counts };
  await new Promise((resolve) => setTimeout(resolve, 150));
  assert.deepEqual(counts, after, 'it goes on');
  return { ...counts, took: performance.now() - startedAt - 150 };
}

test('it is fed at once and every half of its period, each time for an answer', async () => {
  const { alive, silent, asked, took } = await run(
    () => true,
    ({ alive }) => alive === 4,
  );
  assert.deepEqual([alive, silent, asked], [4, 0, 4]);
  assert.ok(took > 150, `${took} ms`);
});

test('it is not fed while nothing is answered, which is told once, and fed again when something is', async () => {
  const { alive, silent, asked } = await run(
    (asked) => asked === 0 || asked >= 8,
    ({ alive }) => alive === 2,
  );
  assert.deepEqual([alive, silent], [2, 1]);
  assert.equal(asked, 9);
});

test('one lost query is no silence', async () => {
  const { silent, asked } = await run(
    (asked) => asked % 2 === 1,
    ({ alive }) => alive === 3,
  );
  assert.deepEqual([silent, asked], [0, 6]);
});
