import assert from 'node:assert/strict';
import { test } from 'node:test';
import { exposition } from '../../../src/observe/metrics/exposition.ts';
import { families } from '../../../src/observe/metrics/families.ts';
import { countOf, Histogram } from '../../../src/observe/metrics/histogram.ts';
import type { Measurements } from '../../../src/observe/metrics/snapshot.ts';
import { noTraffic } from '../../../src/observe/metrics/traffic.ts';
import { prometheusIsMissing, promtool } from '../../support/prometheus.ts';

function took(...milliseconds: readonly number[]) {
  const histogram = new Histogram();
  for (const one of milliseconds) histogram.record(one);
  return histogram.snapshot();
}

const upstream = { isUp: true, asked: 3, failed: 1, durations: took(20, 30) };

/** Something of everything. */
const measured: Measurements = {
  program: {
    version: '1.2.3',
    startedAt: 1_700_000_000.5,
    traffic: {
      ...noTraffic,
      queries: { udp: { A: 7 } },
      responses: { NOERROR: 7 },
      durations: { dht: took(0.007, 90, 9_000) },
    },
    inFlight: 1,
    loopDelay: took(1),
    cache: { entries: 1, bytes: 2, hits: 3, misses: 4, evictions: 5 },
    upstreams: [
      { ...upstream, label: 'https://dns.example' },
      { ...upstream, label: 'https://dns.example', isUp: false },
      { ...upstream, label: 'odd "one"\\\n' },
    ],
    packets: { held: 1, lookups: 2, running: 3 },
    isStoreUsable: true,
    dht: {
      ...{ nodes: 20, isServing: true, storedItems: 1, active: 2, served: 3 },
      queries: { answered: 1, refused: 2, silent: 3 },
      dropped: { malformed: 4 },
    },
    publications: [
      { isFailing: false, held: { nodes: 20, ageSeconds: 1.5 } },
      { isFailing: true, held: undefined },
    ],
    certificateEndsAt: 1_800_000_000,
    workers: { pids: [1, 2], wanted: 3, restarts: 4 },
    internalErrors: 0,
  },
  http: {
    gatewayFailures: { down: 1, 'wrong-key': 2 },
    requests: (['relay', 'gateway', 'other'] as const).map((service) => ({
      service,
      method: 'GET',
      code: 200,
      count: 1,
    })),
  },
  process: {
    cpuSeconds: 1.25,
    residentBytes: 5e7,
    openDescriptors: 30,
    maxDescriptors: Number.POSITIVE_INFINITY,
  },
  runtime: 'node 20.19.6',
};

test('every metric there is passes promtool', { skip: prometheusIsMissing }, async () => {
  const text = exposition(measured, 'prometheus');
  for (const { name } of families) assert.ok(text.includes(`# HELP ${name} `), name);
  assert.equal(await promtool(['check', 'metrics'], text), '');
});

test('no series is told twice: upstreams that differ only in what is left out are one', () => {
  const series = exposition(measured, 'prometheus')
    .split('\n')
    .filter((line) => line !== '' && !line.startsWith('#'))
    .map((line) => line.slice(0, line.lastIndexOf(' ')));
  assert.equal(new Set(series).size, series.length);
  const text = exposition(measured, 'prometheus');
  assert.match(text, /^pkarrd_upstream_requests_total\{upstream="https:\/\/dns\.example"\} 6$/m);
  assert.match(text, /^pkarrd_upstream_up\{upstream="https:\/\/dns\.example"\} 1$/m);
});

test('label values are escaped, and what is without end is +Inf', () => {
  const text = exposition(measured, 'prometheus');
  assert.ok(text.includes('{upstream="odd \\"one\\"\\\\\\n"}'));
  assert.match(text, /^process_max_fds \+Inf$/m);
});

test('each bucket of a histogram has what those below it have, and the last has all', () => {
  const { durations } = measured.program.traffic;
  const buckets = [
    ...exposition(measured, 'prometheus').matchAll(
      /^pkarrd_request_duration_seconds_bucket\{source="dht",le="([^"]+)"\} (\d+)$/gm,
    ),
  ].map(([, bound, count]) => [bound, Number(count)]);
  assert.deepEqual(buckets.slice(0, 3), [
    ['0.000005', 0],
    ['0.00001', 1],
    ['0.000025', 1],
  ]);
  assert.deepEqual(buckets.slice(-2), [
    ['5.0', 2],
    ['+Inf', countOf(durations.dht ?? took())],
  ]);
  for (const [index, [, count]] of buckets.entries())
    assert.ok(Number(count) >= Number(buckets[index - 1]?.[1] ?? 0));
});

test('in OpenMetrics a counter and an info are told without their suffix, and the text has an end', () => {
  const text = exposition(measured, 'openmetrics');
  assert.match(text, /^# TYPE pkarrd_queries counter$/m);
  assert.match(text, /^pkarrd_queries_total\{protocol="udp",type="A"\} 7$/m);
  assert.match(text, /^# TYPE pkarrd_build info$/m);
  assert.match(text, /^pkarrd_build_info\{version="1\.2\.3",runtime="node 20\.19\.6"\} 1$/m);
  assert.ok(text.endsWith('\n# EOF\n'));
});
