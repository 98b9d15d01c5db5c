import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { Turns } from '../../../src/gateway/proxy/turns.ts';

/** Octets, and how often they are passed on. */
const MUCH = { piece: 16_384, times: 400 };

test('a turn that passes on much pauses for each 64 kB, and one that passes on little never', async () => {
  let pauses = 0;
  const turns = new Turns(() => {
    pauses++;
  });
  for (let i = 0; i < MUCH.times; i++) turns.passed(MUCH.piece);
  assert.equal(pauses, (MUCH.times * MUCH.piece) / 65_536);
  await nextTurn();
  pauses = 0;
  for (let i = 0; i < MUCH.times; i++) {
    turns.passed(MUCH.piece);
    await nextTurn();
  }
  assert.equal(pauses, 0);
});

test('a pause gives the processor away', { skip: process.platform !== 'linux' }, () => {
  const turns = new Turns();
  const before = timesGivenAway();
  for (let i = 0; i < MUCH.times; i++) turns.passed(MUCH.piece);
  const times = timesGivenAway() - before;
  assert.ok(times >= (MUCH.times * MUCH.piece) / 65_536, `only ${times} times`);
});

/** How often this thread slept (proc(5)). */
function timesGivenAway(): number {
  const status = readFileSync('/proc/thread-self/status', 'utf8');
  return Number(/^voluntary_ctxt_switches:\s+(\d+)$/m.exec(status)?.[1]);
}
