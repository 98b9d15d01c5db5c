import assert from 'node:assert/strict';
import { test } from 'node:test';
import { InTurn } from '../../src/async/in-turn.ts';

test('work of one key is done in turn, that of others meanwhile, and what fails holds nobody up', async () => {
  const turns = new InTurn();
  const done: string[] = [];
  const ends: (() => void)[] = [];
  const work = (name: string) => async () => {
    done.push(`${name} begins`);
    await new Promise<void>((resolve) => {
      ends.push(resolve);
    });
    done.push(`${name} ends`);
    if (name === 'a1') throw new Error('of its own');
    return name;
  };
  const first = turns.run('a', work('a1'));
  const second = turns.run('a', work('a2'));
  const other = turns.run('b', work('b1'));
  const settle = () => new Promise((resolve) => setImmediate(resolve));
  await settle();
  assert.deepEqual(done, ['a1 begins', 'b1 begins']);
  ends[0]?.();
  await assert.rejects(first, /of its own/);
  await settle();
  assert.deepEqual(done.slice(2), ['a1 ends', 'a2 begins']);
  for (const end of ends) end();
  assert.deepEqual(await Promise.all([second, other]), ['a2', 'b1']);
  await settle();
  assert.equal(turns.size, 0);
});
