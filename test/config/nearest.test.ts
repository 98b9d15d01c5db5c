import assert from 'node:assert/strict';
import { test } from 'node:test';
import { didYouMean, nearest } from '../../src/config/nearest.ts';
import { fc } from '../support/property.ts';

const known = ['listen', 'upstream', 'bootstrap', 'dht', 'dht-listen'];

test('a mistyped word finds the known one, an unlike word finds none', () => {
  for (const [word, found] of [
    ['lissen', 'listen'],
    ['lsiten', 'listen'],
    ['LISTEN', 'listen'],
    ['upstreams', 'upstream'],
    ['dht_listen', 'dht-listen'],
    ['foo', undefined],
    ['', undefined],
    ['a'.repeat(1000), undefined],
  ] as const) {
    assert.equal(nearest(word, known), found, word);
  }
  assert.equal(didYouMean('bootstap', known), ' Did you mean bootstrap?');
  assert.equal(didYouMean('zzz', known), '');
});

test('a known word finds itself', () => {
  fc.assert(fc.property(fc.constantFrom(...known), (word) => nearest(word, known) === word));
});

test('one letter too many, too few or wrong is forgiven in every known word', () => {
  const letter = fc.constantFrom(...'abcdefghijklmnopqrstuvwxyz');
  fc.assert(
    fc.property(
      fc.constantFrom('listen', 'upstream', 'bootstrap'),
      fc.nat(8),
      letter,
      (word, place, other) => {
        const at = place % word.length;
        for (const typed of [
          word.slice(0, at) + word.slice(at + 1),
          word.slice(0, at) + other + word.slice(at + 1),
          word.slice(0, at) + other + word.slice(at),
        ]) {
          assert.equal(nearest(typed, known), word, typed);
        }
      },
    ),
  );
});
