import assert from 'node:assert/strict';
import { test } from 'node:test';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { FewEachTurn } from '../../src/async/few-each-turn.ts';

test('each turn of the event loop has a few pieces of work, in order, and the first have no delay', async () => {
  const work = new FewEachTurn(2);
  const done: number[] = [];
  const add = (piece: number) => work.add(() => done.push(piece));
  for (let piece = 1; piece <= 5; piece++) add(piece);
  assert.equal(done.join(), '1,2');
  await nextTurn();
  assert.equal(done.join(), '1,2,3,4');
  add(6);
  assert.equal(done.join(), '1,2,3,4');
  await nextTurn();
  assert.equal(done.join(), '1,2,3,4,5,6');
  await nextTurn();
  add(7);
  assert.equal(done.join(), '1,2,3,4,5,6,7');
});
