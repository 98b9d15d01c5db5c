import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { CacheFact } from '../../src/way/fact.ts';
import { sentenceOf } from '../../src/way/sentences.ts';

const now = Date.parse('2026-01-02T03:10:00Z');
const cached = (fact: Omit<CacheFact, 'of'>) => sentenceOf({ of: 'cache', ...fact }, now);

test('of an answer of the cache it is told since when it is there, and to the second how long it may be given out', () => {
  assert.equal(
    cached({ state: 'fresh', ageSeconds: 61, leftSeconds: 239 }),
    'The cache of answers has had it for 1 min 1 s, since 2026-01-02T03:08:59Z, and may give it out for another 3 min 59 s.',
  );
  assert.match(
    cached({ state: 'fresh', ageSeconds: 300, leftSeconds: 0 }),
    /out for less than a second more\.$/,
  );
  assert.match(
    cached({ state: 'fresh', ageSeconds: 7_261, leftSeconds: 86_400 }),
    /2 h 1 min, .* 1 d 0 h\.$/,
  );
  assert.equal(
    cached({ state: 'failure', ageSeconds: 3, leftSeconds: 90 }),
    'The same question failed 3 s ago, and is not asked again for another 1 min 30 s.',
  );
});

test('where an answer of the cache came from is told of its upstreams, whichever of them it was', () => {
  const earlier = (labels: readonly string[]) =>
    sentenceOf({ of: 'upstreams', labels, isEarlier: true }, now);
  assert.equal(
    earlier(['192.0.2.53']),
    'It is an ordinary name without a route: the answer came from the upstream 192.0.2.53.',
  );
  assert.equal(
    earlier(['192.0.2.53', '192.0.2.54']),
    'It is an ordinary name without a route: the answer came from one of the upstreams 192.0.2.53 and 192.0.2.54.',
  );
});
