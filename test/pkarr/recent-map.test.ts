import assert from 'node:assert/strict';
import { test } from 'node:test';
import { RecentMap } from '../../src/pkarr/recent-map.ts';

test('a full map keeps what is asked for again and forgets the rest', () => {
  const map = new RecentMap<number, { readonly value: number }>(2);
  for (let key = 0; key < 100; key++) {
    map.set(key, { value: key });
    assert.deepEqual(map.get(0), { value: 0 });
    assert.deepEqual(map.get(key), { value: key });
  }
  const known = Array.from({ length: 100 }, (_, key) => key).filter((key) => map.get(key) !== undefined);
  assert.ok(known.length <= 4, `${known}`);
});

test('as many as its size are kept, in whatever order they are asked for', () => {
  const map = new RecentMap<number, { readonly value: number }>(10);
  for (let round = 0; round < 50; round++) {
    for (let at = 0; at < 10; at++) {
      const key = (at * 7 + round) % 10;
      if (round > 0) assert.ok(map.get(key) !== undefined, `${round} ${key}`);
      else map.set(key, { value: key });
    }
  }
});

test('a value that is set again is replaced, wherever the older one is', () => {
  const map = new RecentMap<string, { readonly value: number }>(2);
  for (const value of [1, 2, 3]) {
    map.set('same', { value });
    map.set('other', { value });
    assert.deepEqual([map.get('same'), map.get('other')], [{ value }, { value }]);
  }
});
