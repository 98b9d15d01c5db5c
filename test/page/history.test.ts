import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Histogram } from '../../src/observe/metrics/histogram.ts';
import { answerSources } from '../../src/observe/metrics/traffic.ts';
import type { Figures } from '../../src/page/figures/figures.ts';
import { History } from '../../src/page/figures/history.ts';
import { HISTORY_SECONDS, type Recent, withEvent } from '../../src/page/figures/now-view.ts';
import { figures } from './figures.ts';

/** Figures after so many seconds and queries, nine in ten of which the cache answered. */
function after(seconds: number, queries: number): Figures {
  const base = figures();
  return {
    ...base,
    at: base.at + 1000 * seconds,
    uptimeSeconds: base.uptimeSeconds + seconds,
    queries: base.queries + queries,
    cache: { ...base.cache, hits: 60 + 0.9 * queries, misses: 20 + 0.1 * queries },
  };
}

function withoutSources({ sources, ...rest }: Recent): Omit<Recent, 'sources'> {
  assert.deepEqual(
    sources.map(({ source }) => source),
    answerSources,
  );
  return rest;
}

test('the first figures tell of the time since the start', () => {
  const history = new History();
  assert.equal(history.view(), undefined);
  const { recent, point } = history.add(after(0, 0));
  assert.deepEqual(withoutSources(recent), { seconds: 3_600, rate: 100 / 3_600, hitShare: 0.75 });
  assert.equal(point, undefined);
});

test('those that follow tell of the time between', () => {
  const history = new History();
  history.add(after(0, 0));
  const { recent, point } = history.add(after(2, 40));
  assert.deepEqual(withoutSources(recent), { seconds: 2, rate: 20, hitShare: 0.9 });
  assert.deepEqual(point, { at: after(2, 0).at, rate: 20, hitShare: 0.9 });
});

test('what is recent is of the last minute, and charts are of the last two', () => {
  const history = new History();
  for (let second = 0; second <= 300; second++) history.add(after(second, 10 * second));
  const view = history.view();
  assert.equal(view?.recent.seconds, 60);
  assert.equal(view?.points.length, HISTORY_SECONDS + 1);
});

test('a counter that is smaller than before is that of another process, and no negative rate', () => {
  const history = new History();
  history.add(after(0, 1_000));
  assert.equal(history.add(after(1, 10)).point?.rate, 0);
});

test('a page that adds what it is told has what the server has', () => {
  const history = new History();
  history.add(after(0, 0));
  let view = history.view();
  for (let second = 1; second < 200; second++) {
    const event = history.add(after(second, second * second));
    view = view && withEvent(view, event);
  }
  assert.deepEqual(view, history.view());
});

test('percentiles are of the answers in between, of all and of each source', () => {
  const [cache, dht] = [new Histogram(), new Histogram()];
  const now = (seconds: number): Figures => ({
    ...after(seconds, 0),
    durations: { cache: cache.snapshot(), dht: dht.snapshot() },
  });
  const history = new History();
  for (let count = 0; count < 1_000; count++) dht.record(4_000);
  history.add(now(0));
  cache.record(0.04, 90);
  dht.record(300, 10);
  const { recent, point } = history.add(now(1));
  const of = (name: string) => recent.sources.find(({ source }) => source === name);
  assert.deepEqual([of('cache')?.answers, of('dht')?.answers, of('relay')?.answers], [90, 10, 0]);
  assert.ok((of('cache')?.percentiles?.p99 ?? 1) <= 0.05);
  assert.ok((of('dht')?.percentiles?.p50 ?? 0) > 250);
  assert.equal(of('relay')?.percentiles, undefined);
  assert.ok((point?.medianMs ?? 1) <= 0.05);
  assert.ok((recent.percentiles?.p99 ?? 0) > 250);
});
