import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { describe, test } from 'node:test';
import {
  calm,
  type ProcessorClock,
  processorClock,
  shareOfOthers,
  type Turns,
} from '../../bench/support/calm.ts';

/** A clock by which others take these shares of the turns, one after another; 10 s pass in each, and we use 4. */
function clockOf(shares: readonly number[]): () => ProcessorClock {
  let [reads, idle] = [0, 0];
  return () => {
    // It is read before and after each turn.
    if (reads % 2 === 1) idle += 10 - 4 - 10 * (shares[(reads - 1) / 2] ?? 0);
    const turns = Math.ceil(reads / 2);
    reads++;
    return { passed: 10 * turns, own: 4 * turns, idle };
  };
}

async function turnsUnder(...shares: number[]) {
  const counts: Turns = { all: 0, again: 0, disturbed: 0 };
  const attempts: number[] = [];
  const turn = (attempt: number) => {
    attempts.push(attempt);
    return attempt;
  };
  const result = await calm(turn, { read: clockOf(shares), counts });
  return { result, attempts, ...counts };
}

describe('a turn of a benchmark', () => {
  test('is run once where others do little', async () => {
    assert.deepEqual(await turnsUnder(0.04), { result: 0, attempts: [0], all: 1, again: 0, disturbed: 0 });
  });

  test('is run again when others disturbed it', async () => {
    const expected = { result: 1, attempts: [0, 1], all: 1, again: 1, disturbed: 0 };
    assert.deepEqual(await turnsUnder(0.06, 0.01), expected);
  });

  test('is run three times at most, and the calmest counts, which is told', async () => {
    const expected = { result: 1, attempts: [0, 1, 2], all: 1, again: 2, disturbed: 1 };
    assert.deepEqual(await turnsUnder(0.4, 0.2, 0.3), expected);
  });
});

test('what we and our processes use is not what others use, also after they ended', () => {
  const before = processorClock();
  const script = 'const end = Date.now() + 400; while (Date.now() < end);';
  spawnSync(process.execPath, ['--eval', script]);
  const after = processorClock();
  // On a busy machine it does not get all of its time.
  assert.ok(after.own - before.own > 0.05, `${after.own - before.own} s`);
  assert.ok(after.idle >= before.idle && after.passed > before.passed);
  assert.ok(shareOfOthers(before, after) <= 1);
});
