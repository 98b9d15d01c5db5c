import assert from 'node:assert/strict';
import { mock, test } from 'node:test';
import { Restarts } from '../../src/async/restarts.ts';

/** Restarts of something that the test ends; `start` is what a start does. */
async function withRestarts(
  run: (restarts: Restarts, seen: { readonly failures: readonly number[] }) => void,
  start: () => void = () => {},
): Promise<void> {
  mock.timers.enable({ apis: ['setTimeout'] });
  const failures: number[] = [];
  const restarts = new Restarts({ start, onFailure: (_, pauseMs) => failures.push(pauseMs) });
  try {
    run(restarts, { failures });
  } finally {
    restarts.cancel();
    mock.timers.reset();
  }
}

test('the pause before a restart doubles with each end soon after a start, up to half a minute', () =>
  withRestarts((restarts) => {
    const pauses = Array.from({ length: 12 }, () => {
      const pause = restarts.schedule(59_999);
      mock.timers.tick(pause);
      return pause;
    });
    assert.deepEqual(pauses, [100, 200, 400, 800, 1600, 3200, 6400, 12800, 25600, 30000, 30000, 30000]);
    assert.equal(restarts.count, 12);
  }));

test('what ran for a minute was healthy, and the pauses begin again', () =>
  withRestarts((restarts) => {
    assert.deepEqual(
      [0, 0, 60_000, 0].map((lived) => restarts.schedule(lived)),
      [100, 200, 100, 200],
    );
  }));

test('a start that throws is tried again after the next pause, and told', () => {
  let throwsLeft = 3;
  return withRestarts(
    (restarts, { failures }) => {
      restarts.schedule(0);
      for (let i = 0; i < 5; i++) mock.timers.tick(1_600);
      assert.deepEqual([restarts.count, failures], [4, [200, 400, 800]]);
    },
    () => {
      if (throwsLeft-- > 0) throw new Error('no memory for another thread');
    },
  );
});

test('a restart that was called off does not come', () =>
  withRestarts((restarts) => {
    restarts.schedule(0);
    restarts.cancel();
    mock.timers.tick(60_000);
    assert.equal(restarts.count, 0);
  }));
