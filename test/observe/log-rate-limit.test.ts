import assert from 'node:assert/strict';
import { test } from 'node:test';
import { rateLimited } from '../../src/observe/log-rate-limit.ts';

test('so many are told in a period, the rest by number with the first of the next', () => {
  let time = 0;
  const told: string[] = [];
  const tell = rateLimited((value: string, leftOut) => told.push(`${value} ${leftOut}`), {
    count: 2,
    period: 60,
    now: () => time,
  });
  for (const value of ['a', 'b', 'c', 'd']) tell(value);
  time = 59;
  tell('e');
  time = 60;
  tell('f');
  assert.deepEqual(told, ['a 0', 'b 0', 'f 3']);
});
