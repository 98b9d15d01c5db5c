import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { UpstreamStatus } from '../../src/forward/choice/status.ts';
import { countOf, Histogram, type HistogramSnapshot } from '../../src/observe/metrics/histogram.ts';
import type { FrontStatus } from '../../src/serve/front.ts';
import { EndedWorkers, withCountsOf } from '../../src/workers/ended-workers.ts';
import { mergeStatus } from '../../src/workers/merge-status.ts';

function took(...milliseconds: readonly number[]): HistogramSnapshot {
  const histogram = new Histogram();
  for (const one of milliseconds) histogram.record(one);
  return histogram.snapshot();
}

const upstream: UpstreamStatus = {
  label: '192.0.2.1',
  role: 'upstream',
  isDefault: true,
  state: 'alive',
  srttMs: 10,
  success: 1,
  asked: 30,
  answered: 30,
  failed: 2,
  durations: took(10, 20),
  lastWhy: 'best',
  heardAgoMs: 500,
  lastFailure: { kind: 'timed-out', text: 'old', agoMs: 9_000 },
  quirks: ['does not support EDNS'],
  wrongReplies: { address: 0, id: 1, question: 0, malformed: 0 } as unknown as UpstreamStatus['wrongReplies'],
};

const status = (one: Partial<UpstreamStatus>, questions: number): FrontStatus => ({
  queries: { queries: questions, inFlight: 1 },
  cache: { entries: 2, bytes: 300, maxBytes: 500, hits: 4, misses: 5, evictions: 1 },
  traffic: {
    queries: { udp: { A: 3 } },
    responses: { NOERROR: 3 },
    dropped: 1,
    durations: { cache: took(1) },
  },
  loopDelay: took(2),
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
  assert.deepEqual(cache, { entries: 4, bytes: 600, maxBytes: 1000, hits: 8, misses: 10, evictions: 2 });
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

test('what was asked, answered and measured is added', () => {
  const { traffic, loopDelay, forwarder } = mergeStatus([status({}, 3), status({}, 8)]);
  assert.deepEqual(traffic.queries, { udp: { A: 6 } });
  assert.deepEqual([traffic.responses, traffic.dropped], [{ NOERROR: 6 }, 2]);
  assert.equal(countOf(traffic.durations.cache ?? took()), 2);
  assert.equal(countOf(loopDelay), 2);
  assert.equal(countOf(forwarder.upstreams[0]?.durations ?? took()), 4);
});

test('what a worker counted stays when it ends or does not answer, and what it held does not', () => {
  const workers = new EndedWorkers();
  const total = (answers: readonly [number, FrontStatus][], running: readonly number[]) => {
    const values = answers.map(([pid, value]) => ({ pid, value }));
    const [first = status({}, 0), ...others] = values.map(({ value }) => value);
    return workers.take(values, running).reduce(withCountsOf, mergeStatus([first, ...others]));
  };
  const both = total(
    [
      [1, status({}, 3)],
      [2, status({}, 8)],
    ],
    [1, 2],
  );
  assert.equal(both.queries.queries, 11);
  for (const running of [[1, 2], [1], [1, 3]]) {
    const { queries, cache, traffic, forwarder } = total([[1, status({}, 3)]], running);
    assert.equal(queries.queries, 11, `${running} run`);
    assert.deepEqual(traffic.queries, { udp: { A: 6 } });
    assert.deepEqual([cache.hits, cache.entries], [8, 2]);
    assert.deepEqual([forwarder.upstreams[0]?.asked, forwarder.next?.label], [60, 'of 3']);
  }
  const replaced = total(
    [
      [1, status({}, 3)],
      [3, status({}, 1)],
    ],
    [1, 3],
  );
  assert.equal(replaced.queries.queries, 12);
});
