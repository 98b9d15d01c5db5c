import assert from 'node:assert/strict';
import { test } from 'node:test';
import { LazyLru } from '../../src/async/lazy-lru.ts';

test('it keeps the entries that were used last, and forgets what it is told to', () => {
  const cache = new LazyLru<string, number>(2);
  assert.equal(cache.get('a'), undefined);
  cache.delete('a');
  cache.clear();
  for (const [index, key] of ['a', 'b'].entries()) cache.set(key, index);
  assert.equal(cache.get('a'), 0);
  cache.set('c', 2);
  assert.deepEqual(
    ['a', 'b', 'c'].map((key) => cache.get(key)),
    [0, undefined, 2],
  );
  cache.delete('a');
  assert.equal(cache.get('a'), undefined);
  cache.clear();
  assert.equal(cache.get('c'), undefined);
  cache.set('d', 4);
  assert.equal(cache.get('d'), 4);
});
