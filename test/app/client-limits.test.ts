import assert from 'node:assert/strict';
import { test } from 'node:test';
import { clientRate } from '../../src/app/client-limits.ts';

/** How many of `count` queries of one client are answered at once, with time that the test moves. */
function scene(settings: { readonly clientRate: number; readonly workers: number }) {
  let time = 0;
  const limit = clientRate(settings, () => time);
  return {
    answered: (count: number) =>
      Array.from({ length: count }, () => limit.verdict('192.0.2.1', false)).filter(
        (verdict) => verdict === 'answer',
      ).length,
    pass: (seconds: number) => {
      time += seconds * 1000;
    },
  };
}

test('the rates that several workers allow a client add up to the setting, and each allows the whole burst', () => {
  for (const [workers, aSecond] of [
    [1, 200],
    [4, 50],
  ] as const) {
    const { answered, pass } = scene({ clientRate: 200, workers });
    assert.equal(answered(1_000), 400);
    pass(1);
    assert.equal(answered(1_000), aSecond);
  }
});

test('no limit is no limit, with several workers too', () => {
  assert.equal(scene({ clientRate: 0, workers: 4 }).answered(5_000), 5_000);
});
