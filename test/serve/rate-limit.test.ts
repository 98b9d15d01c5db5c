import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  ClientRateLimit,
  ColdKeyLimit,
  clientKey,
  type RateVerdict,
} from '../../src/serve/clients/rate-limit.ts';

const datagram = false;
const stream = true;

/** A limit of ten a second, twenty at once, with time that the test moves. */
function scene(maxClients = 100) {
  let time = 1_000;
  const now = () => time;
  const limit = new ClientRateLimit({ rate: { perSecond: 10, burst: 20 }, maxClients, now });
  return {
    now,
    pass: (seconds: number) => {
      time += seconds * 1000;
    },
    /** Verdicts on `count` queries at once. */
    ask(address: string, count: number, isStream = datagram): Readonly<Record<RateVerdict, number>> {
      const seen = { answer: 0, truncate: 0, drop: 0 };
      for (let i = 0; i < count; i++) seen[limit.verdict(address, isStream)] += 1;
      return seen;
    },
  };
}

test('a client is answered up to its burst, then shed with TC, and dropped well above', () => {
  const { ask, pass } = scene();
  assert.deepEqual(ask('192.0.2.1', 20), { answer: 20, truncate: 0, drop: 0 });
  assert.deepEqual(ask('192.0.2.1', 100), { answer: 0, truncate: 20, drop: 80 });
  pass(1);
  assert.deepEqual(ask('192.0.2.1', 15), { answer: 10, truncate: 5, drop: 0 });
  pass(3600);
  assert.deepEqual(ask('192.0.2.1', 50), { answer: 20, truncate: 20, drop: 10 });
});

test('a client at its rate is always answered; one at half more is shed and never dropped', () => {
  const { ask, pass } = scene();
  for (let i = 0; i < 100; i++) {
    pass(1);
    assert.deepEqual(ask('192.0.2.1', 10), { answer: 10, truncate: 0, drop: 0 });
    const { drop, answer } = ask('192.0.2.2', 15);
    assert.equal(drop, 0);
    assert.ok(answer >= 10);
  }
});

test('a client that is shed is answered over TCP, whatever arrives in datagrams with its address', () => {
  const { ask } = scene();
  ask('192.0.2.1', 1000);
  assert.deepEqual(ask('192.0.2.1', 25, stream), { answer: 20, truncate: 0, drop: 5 });
});

test('one client is an IPv4 address, an IPv6 /56, or a link-local address; this machine has no bound', () => {
  const alone = [
    ['192.0.2.1', '192.0.2.2'],
    ['2001:db8:0:100::1', '2001:db8:0:200::1'],
    ['fe80::1%eth0', 'fe80::2%eth0'],
    ['2001:db8::1', '192.0.2.1'],
  ];
  const together = [
    ['192.0.2.1', '::ffff:192.0.2.1'],
    ['2001:db8:0:100::1', '2001:db8:0:1ff:ffff::9'],
    ['fe80::1%eth0', 'fe80::1%eth1'],
  ];
  for (const [a = '', b = ''] of alone) assert.notEqual(clientKey(a), clientKey(b), `${a} ${b}`);
  for (const [a = '', b = ''] of together) assert.equal(clientKey(a), clientKey(b), `${a} ${b}`);
  for (const address of ['127.0.0.1', '127.9.9.9', '::1', '::ffff:127.0.0.1']) {
    assert.equal(clientKey(address), undefined, address);
    assert.deepEqual(scene().ask(address, 10_000), { answer: 10_000, truncate: 0, drop: 0 });
  }
});

test('what one client asks costs another nothing', () => {
  const { ask } = scene();
  ask('192.0.2.1', 10_000);
  assert.deepEqual(ask('192.0.2.2', 20), { answer: 20, truncate: 0, drop: 0 });
});

test('the client that has been silent longest is forgotten first', () => {
  const { ask } = scene(2);
  ask('192.0.2.1', 100);
  ask('192.0.2.2', 100);
  ask('192.0.2.1', 1);
  ask('192.0.2.3', 1);
  assert.deepEqual(ask('192.0.2.1', 1), { answer: 0, truncate: 0, drop: 1 });
  assert.deepEqual(ask('192.0.2.2', 1), { answer: 1, truncate: 0, drop: 0 });
});

/** Lookups: three at once for a client, one a second; five at once for all, two a second. */
function coldScene() {
  let time = 1_000;
  const limit = new ColdKeyLimit({
    total: { perSecond: 2, burst: 5 },
    perClient: { perSecond: 1, burst: 3 },
    maxClients: 100,
    now: () => time,
  });
  return {
    pass: (seconds: number) => {
      time += seconds * 1000;
    },
    /** How many of `count` lookups may begin. */
    begin: (address: string | undefined, count: number) =>
      Array.from({ length: count }, () => limit.take(address)).filter(Boolean).length,
  };
}

test('cold keys have a bound for each client and one for all together', () => {
  const { begin, pass } = coldScene();
  assert.equal(begin('192.0.2.1', 10), 3);
  assert.equal(begin('192.0.2.2', 10), 2);
  assert.equal(begin('192.0.2.3', 10), 0);
  pass(1);
  assert.equal(begin('192.0.2.1', 10), 1);
  assert.equal(begin('192.0.2.3', 10), 1);
});

test('a refused lookup costs nothing: neither the others, nor the client itself', () => {
  const { begin, pass } = coldScene();
  begin('192.0.2.1', 1000);
  assert.equal(begin('192.0.2.2', 2), 2);
  // All is used up for now; the third client has still its whole share when there is room again.
  assert.equal(begin('192.0.2.3', 1000), 0);
  pass(2.5);
  assert.equal(begin('192.0.2.3', 1000), 3);
});

test('programs of this machine share only the bound for all', () => {
  const { begin } = coldScene();
  assert.equal(begin('127.0.0.1', 4), 4);
  assert.equal(begin(undefined, 4), 1);
});
