import assert from 'node:assert/strict';
import { test } from 'node:test';
import { toJson } from '../../src/cli/command.ts';
import { statusToJson } from '../../src/cli/system/status-json.ts';
import { Histogram } from '../../src/observe/metrics/histogram.ts';
import { noTraffic } from '../../src/observe/metrics/traffic.ts';
import { appStatus, forwarderStatus, upstreamStatus } from '../support/app-status.ts';

test('in the JSON of status durations have their unit in the name, also those of some µs, and points in time are dates', () => {
  const histogram = new Histogram();
  for (const milliseconds of [0.004, 0.1, 0.2]) histogram.record(milliseconds);
  const durations = histogram.snapshot();
  const at = Date.UTC(2026, 0, 2, 3, 4, 5);
  const status = appStatus({
    uptime: 60.123456789,
    loopDelay: durations,
    traffic: { ...noTraffic, durations: { cache: durations } },
    forwarder: forwarderStatus([upstreamStatus({ durations })]),
    certificate: { names: ['localhost'], notAfter: at, warnings: [] },
    configuration: { state: 'accepted', problems: [], acceptedAt: at },
  });
  const json = JSON.parse(toJson(statusToJson(status)));
  const expected = { counts: durations.counts, sumMs: 0.304 };
  assert.deepEqual([json.uptimeSeconds, json.uptime], [60.123, undefined]);
  assert.deepEqual(
    [json.loopDelay, json.traffic.durationsBySource, json.forwarder.upstreams[0].durations],
    [expected, { cache: expected }, expected],
  );
  assert.deepEqual(
    [json.certificate.notAfter, json.configuration.acceptedAt],
    ['2026-01-02T03:04:05.000Z', '2026-01-02T03:04:05.000Z'],
  );
});
