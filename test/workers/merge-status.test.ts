import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { UpstreamStatus } from '../../src/forward/choice/status.ts';
import type { FrontStatus } from '../../src/serve/front.ts';
import { mergeStatus } from '../../src/workers/merge-status.ts';

const upstream: UpstreamStatus = {
  label: '192.0.2.1',
  role: 'upstream',
  state: 'alive',
  srttMs: 10,
  success: 1,
  asked: 30,
  answered: 30,
  lastWhy: 'best',
  heardAgoMs: 500,
  lastFailure: { kind: 'timed-out', text: 'old', agoMs: 9_000 },
  quirks: ['does not support EDNS'],
  wrongReplies: { address: 0, id: 1, question: 0, malformed: 0 } as unknown as UpstreamStatus['wrongReplies'],
};

const status = (one: Partial<UpstreamStatus>, questions: number): FrontStatus => ({
  queries: { queries: questions, inFlight: 1 },
  cache: { entries: 2, bytes: 300, hits: 4, misses: 5 },
  forwarder: {
    upstreams: [{ ...upstream, ...one }],
    routes: [],
    next: { label: `of ${questions}`, why: 'best' },
    questions,
    failures: 1,
    inFlight: 2,
  },
  portalIsLikely: questions > 5,
});

test('counts are added, and whoever asked most says who is next', () => {
  const { queries, cache, forwarder } = mergeStatus([status({}, 3), status({}, 8)]);
  assert.deepEqual(queries, { queries: 11, inFlight: 2 });
  assert.deepEqual(cache, { entries: 4, bytes: 600, hits: 8, misses: 10 });
  assert.deepEqual([forwarder.questions, forwarder.failures, forwarder.inFlight], [11, 2, 4]);
  assert.equal(forwarder.next?.label, 'of 8');
});

test('a captive portal that one worker met is likely for all', () => {
  assert.equal(mergeStatus([status({}, 3), status({}, 8)]).portalIsLikely, true);
  assert.equal(mergeStatus([status({}, 3), status({}, 4)]).portalIsLikely, false);
});

test('an upstream is one: counts added, times weighed by what was asked, the last failure of all', () => {
  const other: Partial<UpstreamStatus> = {
    ...{ state: 'dead', srttMs: 50, success: 0, asked: 10, answered: 5, heardAgoMs: 100, quirks: [] },
    lastFailure: { kind: 'timed-out', text: 'new', agoMs: 10 },
  };
  const { forwarder } = mergeStatus([status({}, 3), status(other, 3)]);
  const [merged, ...more] = forwarder.upstreams;
  assert.deepEqual(more, []);
  assert.deepEqual(
    [merged?.state, merged?.srttMs, merged?.success, merged?.asked, merged?.answered, merged?.heardAgoMs],
    ['alive', 20, 0.75, 40, 35, 100],
  );
  assert.equal(merged?.lastFailure?.text, 'new');
  assert.deepEqual(merged?.quirks, ['does not support EDNS']);
  assert.equal(
    Object.values(merged?.wrongReplies ?? {}).reduce((sum, count) => sum + count, 0),
    2,
  );
});

test('an upstream that nobody has asked yet has no round trip', () => {
  const fresh = { srttMs: undefined, asked: 0, answered: 0, heardAgoMs: undefined, lastFailure: undefined };
  const { forwarder } = mergeStatus([status(fresh, 0), status(fresh, 0)]);
  const [merged] = forwarder.upstreams;
  assert.deepEqual([merged?.srttMs, merged?.success, merged?.heardAgoMs], [undefined, 1, undefined]);
});

test('the status of one is that of itself', () => {
  assert.deepEqual(mergeStatus([status({}, 3)]), status({}, 3));
});
