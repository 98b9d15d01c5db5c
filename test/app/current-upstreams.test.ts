import assert from 'node:assert/strict';
import { test } from 'node:test';
import { CurrentUpstreams } from '../../src/app/upstreams/current-upstreams.ts';
import { readUpstreams, withSystem } from '../../src/forward/spec/upstream-set.ts';

const set = (...texts: readonly string[]) => withSystem(readUpstreams(texts, ['192.0.2.99']), []);

test('only another set of upstreams is a change of what they say: no other order, no pause, no first one', () => {
  const upstreams = new CurrentUpstreams(set());
  const steps: readonly (readonly [texts: readonly string[], change: string])[] = [
    [[], 'none'],
    [['192.0.2.1'], 'order'],
    [['192.0.2.1'], 'none'],
    [['192.0.2.1', '192.0.2.2'], 'others'],
    [['192.0.2.2', '192.0.2.1'], 'order'],
    [[], 'order'],
    [['192.0.2.1', '192.0.2.2'], 'order'],
    [[], 'order'],
    [['192.0.2.1'], 'others'],
    [['192.0.2.1:5353'], 'others'],
  ];
  for (const [texts, change] of steps) {
    assert.equal(upstreams.replace(set(...texts)), change, texts.join(' '));
    assert.deepEqual(upstreams.set, set(...texts));
  }
});
