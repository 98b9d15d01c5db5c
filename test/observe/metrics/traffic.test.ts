import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Type } from '../../../src/dns/codes.ts';
import { Protocol } from '../../../src/dns/protocol.ts';
import { countOf } from '../../../src/observe/metrics/histogram.ts';
import {
  farther,
  mergeTraffic,
  noTraffic,
  placeOf,
  TrafficCounters,
} from '../../../src/observe/metrics/traffic.ts';

test('a cached answer is a question by protocol and type, and a reply by RCODE', () => {
  const traffic = new TrafficCounters();
  for (let i = 0; i < 3; i++) traffic.hit(placeOf(Protocol.UDP, Type.A), 0);
  traffic.hit(placeOf(Protocol.HTTPS, Type.HTTPS), 3);
  traffic.hitTook(0.004);
  const { queries, responses } = traffic.snapshot();
  assert.deepEqual(queries, { udp: { A: 3 }, https: { HTTPS: 1 } });
  assert.deepEqual(responses, { NOERROR: 3, NXDOMAIN: 1 });
  assert.equal(traffic.total, 4);
});

test('as many durations are counted as cached answers, though few are measured', () => {
  const traffic = new TrafficCounters();
  const place = placeOf(Protocol.UDP, Type.AAAA);
  for (let i = 1; i <= 1_000; i++) {
    traffic.hit(place, 0);
    if (i % 300 === 0) traffic.hitTook(0.006);
  }
  const { cache } = traffic.snapshot().durations;
  assert.ok(cache !== undefined);
  assert.equal(countOf(cache), 1_000);
  assert.deepEqual(traffic.snapshot().durations.cache, cache, 'and none twice');
});

test('types and RCODEs that nobody counts by name are one series, whatever is asked', () => {
  const traffic = new TrafficCounters();
  for (const type of [0, Type.DNSKEY, Type.ANY, Type.CAA, 0xffff]) traffic.query(Protocol.TCP, type);
  for (const rcode of [9, 15, 17, 23, 4_095]) traffic.response(rcode, 'upstream', 1);
  traffic.response(16, 'local', 1);
  const { queries, responses } = traffic.snapshot();
  assert.deepEqual(queries, { tcp: { other: 5 } });
  assert.deepEqual(responses, { other: 5, BADVERS: 1 });
});

test('an answer of several sources is that of the farthest', () => {
  assert.equal(farther('packet', 'dht'), 'dht');
  assert.equal(farther('dht', 'upstream'), 'dht');
  assert.equal(farther('local', 'upstream'), 'upstream');
});

test('together with nothing, what was counted is what it was', () => {
  const traffic = new TrafficCounters();
  traffic.query(Protocol.LOCAL, Type.TXT);
  traffic.response(0, 'store', 3);
  traffic.drop();
  assert.deepEqual(mergeTraffic([noTraffic, traffic.snapshot()]), traffic.snapshot());
});
