import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Figures } from '../../src/page/figures/figures.ts';
import { verdictOf } from '../../src/page/figures/verdict.ts';
import { figures, upstream } from './figures.ts';

const dead = upstream({ state: 'dead' });
const noNodes = { state: 'running', nodes: 0, asked: 9, answered: 0, isServing: false } as const;

/** What is wrong, and what is said of it first. */
const cases: readonly (readonly [Partial<Figures>, 'good' | 'fair' | 'bad', RegExp])[] = [
  [{}, 'good', /^Everything works\.$/],
  [{ dht: { state: 'off' } }, 'good', /^Everything works\.$/],
  [{ listen: [] }, 'bad', /^No address to answer on/],
  [{ upstreams: [] }, 'bad', /^Ordinary names cannot be resolved: there is no upstream/],
  [{ upstreams: [dead] }, 'bad', /^Ordinary names .*: the upstream resolver does not answer\.$/],
  [{ upstreams: [dead, dead] }, 'bad', /^Ordinary names .*: none of 2 upstream resolvers answers\.$/],
  [{ upstreams: [dead, upstream()] }, 'fair', /^1 of 2 upstream resolvers does not answer\.$/],
  [{ upstreams: [dead], isPortalLikely: true }, 'bad', /^A captive portal is likely/],
  [{ dht: noNodes }, 'bad', /^Names of keys cannot be looked up/],
  [{ dht: noNodes, uptimeSeconds: 3 }, 'fair', /^The DHT is being joined\.$/],
  [{ dht: { state: 'starting' }, uptimeSeconds: 3 }, 'fair', /^The DHT is being joined\.$/],
  [{ workers: { running: 1, wanted: 2 } }, 'fair', /^1 of 2 worker processes run\.$/],
  [{ isStoreWritten: false }, 'fair', /^The state directory cannot be written/],
  [{ internalErrors: 2 }, 'fair', /^2 internal errors since the start/],
  [
    { publications: [{ kind: 'publish', state: 'failing', hasProblem: false }] },
    'fair',
    /^1 of 1 publications could not be put into the network\.$/,
  ],
  [
    { publications: [{ kind: 'publish', state: 'held', hasProblem: true }] },
    'fair',
    /^1 of 1 publications have a file that cannot be used\.$/,
  ],
];

for (const [parts, level, sentence] of cases) {
  test(`the verdict on ${JSON.stringify(parts).slice(0, 80)} is ${level}`, () => {
    const verdict = verdictOf(figures(parts));
    assert.equal(verdict.level, level);
    assert.match(verdict.sentence, sentence);
  });
}

test('the worst is said first, and all the rest after it', () => {
  const { sentence, notes } = verdictOf(figures({ isStoreWritten: false, dht: noNodes, internalErrors: 1 }));
  assert.match(sentence, /^Names of keys/);
  assert.equal(notes.length, 2);
});
