import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { ExtendedError } from '../../src/dns/extended-error.ts';
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

const fromUpstream = (rcode: string): Fact => ({
  ...{ of: 'upstream', label: '192.0.2.53', why: 'best', durationMs: 1, outcome: 'answered' },
  rcode,
});

for (const [rcode, advised] of [
  ['SERVFAIL', /name servers of the domain may be down, or its signatures wrong \(DNSSEC\)/],
  ['REFUSED', /refuses: it may not serve this machine, or not this name/],
  ['NOTIMP', /does not know such questions/],
  ['FORMERR', /takes the question for malformed/],
] as const) {
  test(`advice on ${rcode} of an upstream says what it means and whom else to ask`, () => {
    const [advice = '', ...others] = adviceOnReply(rcode, [], fromUpstream(rcode));
    assert.match(advice, advised);
    assert.match(advice, /pkarrd query @SERVER lo\.example\./);
    assert.deepEqual(others, []);
  });
}

test('advice on an extended error of an upstream takes the place of what its RCODE means', () => {
  const bogus = [{ code: 6, text: 'no valid signature' }];
  const own = /signatures are wrong \(DNSSEC\).* Only its owner can mend that/;
  assert.match(adviceOnReply('SERVFAIL', bogus, fromUpstream('SERVFAIL')).join('\n'), own);
  // Of the cache too, beside how to have it asked anew.
  const cached = adviceOnReply('SERVFAIL', bogus, { of: 'cache', state: 'failure', ageSeconds: 1 });
  assert.equal(cached.length, 2);
  assert.match(cached[0] ?? '', own);
  assert.match(cached[1] ?? '', /pkarrd flush lo\.example/);
});

test('what was blocked or failed here is not blamed on an upstream when the cache has it', () => {
  const fresh: Fact = { of: 'cache', state: 'fresh', ageSeconds: 1 };
  const stray = [{ code: 15, text: 'A key before the search domain corp.example. is not sent upstream.' }];
  assert.deepEqual(adviceOnReply('NXDOMAIN', stray, fresh), []);
  const unreachable = [{ code: 23, text: 'No upstream resolver could be reached.' }];
  const failed = adviceOnReply('SERVFAIL', unreachable, { of: 'cache', state: 'failure', ageSeconds: 1 });
  assert.deepEqual(
    failed.map((sentence) => /pkarrd flush/.test(sentence)),
    [true],
  );
  // An ordinary name whose answer came from an upstream.
  const earlier: Fact = { of: 'upstreams', labels: ['192.0.2.53'], isEarlier: true };
  assert.match(
    adviceOnReply('NXDOMAIN', [{ code: 15, text: '' }], fresh, earlier).join(),
    /^The upstream blocks/,
  );
});

function adviceOnReply(
  rcode: string,
  extendedErrors: readonly ExtendedError[],
  ...more: readonly Fact[]
): readonly string[] {
  const question: Fact = { of: 'question', name: 'lo.example.', type: 'A', why: 'asked' };
  const facts = [question, ...more].map((each) => ({ ...each, atMs: 0 }));
  return adviceOn({ facts, rcode, extendedErrors, isGood: false });
}

function adviceAfter(fact: Fact): readonly string[] {
  const question: Fact = { of: 'question', name: 'lo.example.', type: 'A', why: 'asked' };
  const facts = [question, fact].map((each) => ({ ...each, atMs: 0 }));
  return adviceOn({ facts, rcode: 'NXDOMAIN', extendedErrors: [], isGood: false });
}
