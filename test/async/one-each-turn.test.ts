import assert from 'node:assert/strict';
import { test } from 'node:test';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { OneEachTurn } from '../../src/async/one-each-turn.ts';

test('each turn of the event loop has one piece of work, in order', async () => {
  const work = new OneEachTurn();
  const done: number[] = [];
  for (let i = 0; i < 3; i++) work.add(() => done.push(i));
  assert.equal(done.length, 0);
  for (let turn = 1; turn <= 3; turn++) {
    await nextTurn();
    assert.equal(done.join(), [0, 1, 2].slice(0, turn).join());
  }
  work.add(() => done.push(3));
  await nextTurn();
  assert.equal(done.join(), '0,1,2,3');
});
