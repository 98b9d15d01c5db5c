import assert from 'node:assert/strict';
import { test } from 'node:test';
import { UpstreamHealth } from '../../src/forward/choice/health.ts';
import {
  type Candidate,
  nextUpstream,
  type SelectionReason,
} from '../../src/forward/choice/next-upstream.ts';
import { UpstreamFailure } from '../../src/forward/errors.ts';
import { fc } from '../support/property.ts';

const NOW = 1_000_000;

/** What happened to an upstream before `NOW`. */
const past = {
  never: () => new UpstreamHealth(),
  /** Answered in `rttMs`, half a second ago. */
  answered: (rttMs: number, agoMs = 500) => {
    const health = new UpstreamHealth();
    health.asked(NOW - agoMs - rttMs, 'question');
    health.heard(NOW - agoMs, rttMs);
    health.ended(NOW - agoMs, NOW - agoMs - rttMs);
    return health;
  },
  /** Answered once in 10 ms, and now owes an answer since `ms`. */
  waiting: (ms: number) => {
    const health = past.answered(10, 5000);
    health.asked(NOW - ms, 'question');
    return health;
  },
  refused: (agoMs: number) => {
    const health = new UpstreamHealth();
    health.asked(NOW - agoMs, 'question');
    health.ended(NOW - agoMs, NOW - agoMs, new UpstreamFailure('refused', 'refuses connections'));
    return health;
  },
  returned: () => {
    const health = past.refused(3000);
    health.asked(NOW - 20, 'probe');
    health.heard(NOW - 10, 10);
    health.ended(NOW - 10, NOW - 20);
    return health;
  },
};

function candidate(health: UpstreamHealth, options: Partial<Candidate> = {}): Candidate {
  return { health, isFallback: false, isLossy: true, asked: 0, isSpent: false, ...options };
}

const cases: readonly (readonly [
  rule: string,
  candidates: readonly Candidate[],
  expected: readonly [number, SelectionReason] | undefined,
])[] = [
  ['nobody to ask', [], undefined],
  ['of two that are new the first', [candidate(past.never()), candidate(past.never())], [0, 'not-measured']],
  [
    'a new one before one that is known',
    [candidate(past.answered(1)), candidate(past.never())],
    [1, 'not-measured'],
  ],
  ['the fastest', [candidate(past.answered(60)), candidate(past.answered(20))], [1, 'best']],
  [
    'the earlier of those that are alike',
    [candidate(past.answered(25)), candidate(past.answered(20))],
    [0, 'best'],
  ],
  ['one that came back, once', [candidate(past.answered(1)), candidate(past.returned())], [1, 'returned']],
  [
    'one that was not measured for a minute',
    [candidate(past.answered(1)), candidate(past.answered(50, 61_000))],
    [1, 'measured-long-ago'],
  ],
  ['not one that is late', [candidate(past.waiting(100)), candidate(past.answered(500))], [1, 'best']],
  ['nor one that is dead', [candidate(past.refused(10)), candidate(past.answered(500))], [1, 'best']],
  [
    'a late one when the other is dead',
    [candidate(past.refused(10)), candidate(past.waiting(100))],
    [1, 'late'],
  ],
  ['a dead one when there is no other', [candidate(past.refused(10))], [0, 'dead']],
  [
    'all dead: the first, then the second',
    [candidate(past.refused(10), { asked: 1, isSpent: true }), candidate(past.refused(10))],
    [1, 'dead'],
  ],
  [
    'the next best after the best was asked',
    [candidate(past.waiting(60), { asked: 1 }), candidate(past.answered(90))],
    [1, 'best'],
  ],
  [
    'after all were asked, the one asked least, again',
    [candidate(past.waiting(600), { asked: 2 }), candidate(past.waiting(400), { asked: 1 })],
    [1, 'again'],
  ],
  ['nobody more than three times', [candidate(past.waiting(900), { asked: 3 })], undefined],
  ['a stream only once', [candidate(past.waiting(900), { asked: 1, isLossy: false })], undefined],
  ['nobody who has failed', [candidate(past.answered(1), { asked: 1, isSpent: true })], undefined],
  [
    'no fallback while another is well',
    [candidate(past.never(), { isFallback: true }), candidate(past.answered(900))],
    [1, 'best'],
  ],
  [
    'the fallback when the others are dead',
    [candidate(past.refused(10)), candidate(past.answered(90), { isFallback: true })],
    [1, 'best'],
  ],
  [
    'the fallback after the others were asked',
    [candidate(past.waiting(60), { asked: 1 }), candidate(past.answered(90), { isFallback: true })],
    [1, 'best'],
  ],
  [
    'a dead one, not asked for a second, after the living',
    [candidate(past.refused(2000)), candidate(past.waiting(60), { asked: 1 })],
    [0, 'dead'],
  ],
  [
    'but not one that was asked in this second',
    [candidate(past.refused(200)), candidate(past.waiting(400), { asked: 1 })],
    [1, 'again'],
  ],
];

for (const [rule, candidates, expected] of cases) {
  test(`the next to ask: ${rule}`, () => {
    assert.deepEqual(nextUpstream(candidates, NOW), expected && { index: expected[0], why: expected[1] });
  });
}

const anyHealth = fc.oneof(
  fc.constant(undefined).map(past.never),
  fc.nat(2000).map((rttMs) => past.answered(rttMs)),
  fc.nat(3000).map(past.waiting),
  fc.nat(5000).map(past.refused),
  fc.constant(undefined).map(past.returned),
);

const anyCandidate = fc
  .record({ isFallback: fc.boolean(), isLossy: fc.boolean(), asked: fc.nat(3), isSpent: fc.boolean() })
  .chain((options) => anyHealth.map((health) => candidate(health, options)));

test('whatever happened, who is asked has not failed and was asked less than three times', () => {
  fc.assert(
    fc.property(fc.array(anyCandidate), (candidates) => {
      const choice = nextUpstream(candidates, NOW);
      if (choice === undefined) return;
      const chosen = candidates[choice.index];
      assert.ok(chosen !== undefined && !chosen.isSpent && chosen.asked < 3);
    }),
  );
});

test('whatever happened before, a new question has somebody to go to as long as there is an upstream', () => {
  fc.assert(
    fc.property(fc.array(anyHealth, { minLength: 1 }), (healths) => {
      assert.notEqual(
        nextUpstream(
          healths.map((health) => candidate(health)),
          NOW,
        ),
        undefined,
      );
    }),
  );
});

test('an upstream is late after twice its round trip, and dead after a second', () => {
  const health = past.answered(100);
  health.asked(NOW, 'question');
  const states = [0, 199, 200, 999, 1000].map((ms) => health.state(NOW + ms));
  assert.deepEqual(states, ['alive', 'alive', 'late', 'late', 'dead']);
});

test('the wait before another is asked is twice the round trip, 50 ms at least, and 150 ms for a first', () => {
  assert.equal(past.never().hedgeAfterMs, 150);
  assert.equal(past.answered(3).hedgeAfterMs, 50);
  assert.equal(past.answered(100).hedgeAfterMs, 200);
  assert.equal(past.answered(9000).hedgeAfterMs, 1000);
});

test('one name that an upstream cannot answer does not make it dead while it answers others', () => {
  const health = past.answered(10);
  health.asked(NOW, 'question');
  health.asked(NOW + 10, 'question');
  health.heard(NOW + 20, 10);
  health.ended(NOW + 20, NOW + 10);
  health.ended(NOW + 3000, NOW, new UpstreamFailure('timed-out', 'did not answer'));
  assert.equal(health.state(NOW + 3000), 'alive');
});

test('a question that is given up by its asker says nothing of the upstream', () => {
  const health = past.answered(10);
  health.asked(NOW, 'question');
  health.cancelled();
  assert.equal(health.state(NOW + 60_000), 'alive');
});

test('an upstream that often fails costs more than a slower one that does not', () => {
  const failing = past.answered(10);
  for (let i = 0; i < 8; i++) {
    failing.asked(NOW, 'question');
    failing.heard(NOW, 10);
    failing.ended(NOW, NOW, new UpstreamFailure('malformed', 'sent a malformed reply'));
  }
  assert.ok(failing.costMs > past.answered(200).costMs);
});
