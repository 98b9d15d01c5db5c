import assert from 'node:assert/strict';
import { mock, test } from 'node:test';
import { Spaced } from '../../src/async/spaced.ts';

/** Work that is gathered for a second, twice at once and then every ten seconds. */
async function withSpaced(
  work: () => Promise<void>,
  run: (
    spaced: Spaced,
    pass: (seconds: number) => Promise<void>,
    errors: readonly unknown[],
  ) => Promise<void>,
): Promise<void> {
  mock.timers.enable({ apis: ['setTimeout'] });
  let time = 0;
  const errors: unknown[] = [];
  const rate = { perSecond: 0.1, burst: 2 };
  const onError = (error: unknown) => errors.push(error);
  const spaced = new Spaced({ work, gatherMs: 1_000, rate, onError, now: () => time });
  const pass = async (seconds: number) => {
    for (let i = 0; i < seconds; i++) {
      time += 1_000;
      mock.timers.tick(1_000);
      await new Promise(setImmediate);
    }
  };
  try {
    await run(spaced, pass, errors);
  } finally {
    spaced.close();
    mock.timers.reset();
  }
}

test('work is done once for all who asked in a moment, and no more often than it may be', async () => {
  let done = 0;
  const work = async () => {
    done++;
  };
  await withSpaced(work, async (spaced, pass) => {
    for (let i = 0; i < 5; i++) spaced.request();
    assert.equal(done, 0);
    await pass(1);
    assert.equal(done, 1);
    await pass(5);
    assert.equal(done, 1, 'nobody asked');
    spaced.request();
    await pass(1);
    assert.equal(done, 2);
    spaced.request();
    await pass(3);
    assert.equal(done, 2, 'twice at once is all');
    await pass(10);
    assert.equal(done, 3, 'it is not forgotten');
    spaced.request();
    spaced.close();
    spaced.request();
    await pass(60);
    assert.equal(done, 3);
  });
});

test('the work never runs beside itself, and a failure of it is told and ends nothing', async () => {
  const ends: (() => void)[] = [];
  const failure = new Error('it failed');
  const work = () =>
    new Promise<void>((_, reject) => {
      ends.push(() => reject(failure));
    });
  await withSpaced(work, async (spaced, pass, errors) => {
    for (let i = 0; i < 2; i++) {
      spaced.request();
      await pass(1);
    }
    assert.equal(ends.length, 1);
    ends[0]?.();
    await pass(1);
    assert.deepEqual([ends.length, errors], [2, [failure]]);
  });
});
