import assert from 'node:assert/strict';
import { test } from 'node:test';
import { TokenBucket, TokenBuckets } from '../../src/async/token-bucket.ts';
import { fc } from '../support/property.ts';

test('a bucket never gives more than its burst and what has come in since', () => {
  const step = fc.record({ wait: fc.nat(5_000), asks: fc.nat(30) });
  fc.assert(
    fc.property(
      fc.array(step, { maxLength: 30 }),
      fc.integer({ min: 1, max: 50 }),
      fc.integer({ min: 1, max: 50 }),
      (steps, perSecond, burst) => {
        let time = 0;
        let given = 0;
        const bucket = new TokenBucket({ perSecond, burst }, time);
        for (const { wait, asks } of steps) {
          time += wait;
          for (let i = 0; i < asks; i++) given += bucket.take(time) ? 1 : 0;
          assert.ok(given <= burst + (time / 1000) * perSecond + 1e-6);
        }
      },
    ),
  );
});

test('each key has a bucket of its own, and the one unused longest is forgotten when there are too many', () => {
  const buckets = new TokenBuckets({ perSecond: 10, burst: 2 }, 3);
  const take = (key: string) => buckets.take(key, 0);
  assert.deepEqual([take('a'), take('a'), take('a'), take('b')], [true, true, false, true]);
  for (const other of ['c', 'b', 'd']) assert.equal(take(other), true);
  assert.equal(take('b'), false, 'used since: kept');
  assert.equal(take('a'), true, 'forgotten in favour of newer ones');
});

test('a bucket refills with time, a token at a time', () => {
  const bucket = new TokenBucket({ perSecond: 10, burst: 2 }, 0);
  assert.deepEqual([bucket.take(0), bucket.take(0), bucket.take(0)], [true, true, false]);
  assert.equal(bucket.take(99), false);
  assert.equal(bucket.take(100), true);
});
