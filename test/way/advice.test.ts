import assert from 'node:assert/strict';
import { test } from 'node:test';
import { adviceOn } from '../../src/way/advice.ts';
import type { Fact } from '../../src/way/fact.ts';

for (const [why, advised] of [
  ['rebinding', /rebinding-allow = \["lo\.example"\]/],
  ['packet-loopback', /pkarr-loopback = "allow"/],
  ['packet-private', /pkarr-private = "allow"/],
  ['packet-malformed', /^Only the owner of the key can mend that/],
] as const) {
  test(`advice on what was filtered (${why}) names what decides`, () => {
    const [advice, ...others] = adviceAfter({ of: 'filtered', why, text: 'Filtered.' });
    assert.match(advice ?? '', advised);
    assert.deepEqual(others, []);
  });
}

test('advice on a key without a packet says that a packet lives for days', () => {
  const [advice] = adviceAfter({ of: 'packet', key: 'key', outcome: 'absent' });
  assert.match(advice ?? '', /some days after it was put there last/);
});

function adviceAfter(fact: Fact): readonly string[] {
  const question: Fact = { of: 'question', name: 'lo.example.', type: 'A', why: 'asked' };
  const facts = [question, fact].map((each) => ({ ...each, atMs: 0 }));
  return adviceOn({ facts, rcode: 'NXDOMAIN', extendedErrors: [], isGood: false });
}
