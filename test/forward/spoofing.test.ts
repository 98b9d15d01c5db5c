import assert from 'node:assert/strict';
import { test } from 'node:test';
import { setImmediate } from 'node:timers/promises';
import { Type } from '../../src/dns/codes.ts';
import { readLayout } from '../../src/dns/layout.ts';
import { Name } from '../../src/dns/name.ts';
import { ForwardError } from '../../src/forward/errors.ts';
import { createRandomPool } from '../../src/forward/random.ts';
import { SourcePorts } from '../../src/forward/udp/source-ports.ts';
import { MovableClock } from '../support/movable-clock.ts';
import {
  a,
  altered,
  answerAll,
  type Reaction,
  type ReceivedQuery,
  reply,
  replyA,
  startScriptedUpstream,
} from '../support/scripted-upstream.ts';
import { addresses, ask, setUpForwarder } from './support.ts';

const forged = '203.0.113.66';

for (const sockets of ['single', 'pooled'] as const) {
  const most = sockets === 'single' ? 1 : 32;
  test(`two thousand queries with ${sockets} sockets: at most ${most} from a port, none of them reserved, uniform ports and ids, mixed case`, async () => {
    await using upstream = await startScriptedUpstream();
    using forwarder = setUpForwarder({ upstreams: [upstream], sockets });
    for (let batch = 0; batch < 20; batch++) {
      const names = Array.from({ length: 100 }, (_, i) => `some.name-${batch}-${i}.example.com`);
      await Promise.all(names.map((name) => ask(forwarder, name)));
    }
    const { received } = upstream;
    assert.ok(received.length >= 2000);
    const idsOf = new Map<number, number[]>();
    for (const { sourcePort, message } of received.slice(0, 2000))
      idsOf.set(sourcePort, [...(idsOf.get(sourcePort) ?? []), message.id]);
    for (const ids of idsOf.values()) {
      assert.ok(ids.length <= most);
      assert.equal(new Set(ids).size, ids.length, 'an id is used once on a socket');
    }
    const ports = [...idsOf.keys()];
    assert.ok(ports.length >= 2000 / most);
    assert.ok(Math.min(...ports) >= 1024);
    const ids = received.map(({ message }) => message.id);
    // 16 bins, 15 degrees of freedom: over 50 happens once in 90,000 runs.
    assert.ok(chiSquared(ids, 16, (id) => id >>> 12) < 50, 'high bits of the ids');
    assert.ok(chiSquared(ids, 16, (id) => id & 15) < 50, 'low bits of the ids');
    assert.ok(chiSquared(ports, 8, (port) => Math.floor(((port - 1024) / 64_512) * 8)) < 40, 'ports');
    const upper = received.map(({ name }) => name.replace(/[^A-Z]/g, '').length);
    const letters = received.map(({ name }) => name.replace(/[^A-Za-z]/g, '').length);
    const share = sum(upper) / sum(letters);
    assert.ok(share > 0.47 && share < 0.53, `${share} of the letters are in upper case`);
    assert.ok(
      new Set(received.map(({ name }) => name.slice(0, 9))).size > 100,
      'ways to write the same letters',
    );
  });
}

test('a source port is neither reserved nor one of the last ten seconds', () => {
  const given = [0, 80, 1023, 1024, 1024, 65_535, 1024, 65_535, 2000];
  const clock = new MovableClock();
  const ports = new SourcePorts(
    { u16: () => given.shift() ?? assert.fail('more numbers were drawn') },
    clock,
  );
  assert.deepEqual([ports.next(), ports.next(), ports.next()], [1024, 65_535, 2000]);
  clock.advance(9_999);
  given.push(2000, 1024, 3000);
  assert.equal(ports.next(), 3000);
  clock.advance(1);
  given.push(1024, 1024, 3000, 2000);
  assert.deepEqual([ports.next(), ports.next()], [1024, 2000]);
});

test('of more than 16,384 ports in ten seconds the oldest is free again, and no earlier', () => {
  let next = 3000;
  const many = new SourcePorts({ u16: () => next++ }, new MovableClock());
  for (let i = 0; i < 16_384; i++) assert.equal(many.next(), 3000 + i);
  next = 3000;
  assert.equal(many.next(), 3000);
  next = 3000;
  assert.equal(many.next(), 3001);
  next = 3002;
  assert.equal(many.next(), 3002);
});

test('the pool of random numbers gives every id and repeats nothing', () => {
  const random = createRandomPool();
  const ids = Array.from({ length: 100_000 }, () => random.u16());
  assert.ok(chiSquared(ids, 256, (id) => id >>> 8) < 400);
  assert.ok(chiSquared(ids, 256, (id) => id & 255) < 400);
  const first = ids.slice(0, 16).join();
  assert.notEqual(ids.slice(4096, 4112).join(), first);
});

const wrongReplies: readonly (readonly [string, (query: ReceivedQuery) => Reaction])[] = [
  [
    'a wrong id',
    (query) => ({ send: altered(replyA(query, forged), (bytes) => (bytes[1] = (bytes[1] ?? 0) ^ 1)) }),
  ],
  ['a wrong name', (query) => ({ send: altered(replyA(query, forged), (bytes) => (bytes[13] = 0x21)) })],
  [
    'a name of another length',
    (query) => {
      const name = Name.parse('other.example');
      return { send: replyA({ ...query, question: { ...query.question, name } }, forged) };
    },
  ],
  [
    'a wrong type',
    (query) => ({ send: replyA({ ...query, question: { ...query.question, type: Type.AAAA } }, forged) }),
  ],
  ['a wrong port', (query) => ({ send: replyA(query, forged), fromOtherPort: true })],
  [
    'QR=0',
    (query) => ({ send: altered(replyA(query, forged), (bytes) => (bytes[2] = (bytes[2] ?? 0) & 0x7f)) }),
  ],
  ['a wrong opcode', (query) => ({ send: altered(replyA(query, forged), (bytes) => (bytes[2] = 0xa8)) })],
  ['nothing', () => ({ send: new Uint8Array(0) })],
  ['11 octets', (query) => ({ send: replyA(query, forged).slice(0, 11) })],
  ['no question', (query) => ({ send: altered(replyA(query, forged), (bytes) => (bytes[5] = 0)) })],
  ['two questions', (query) => ({ send: altered(replyA(query, forged), (bytes) => (bytes[5] = 2)) })],
  [
    'a name that points at itself',
    (query) => ({
      send: altered(replyA(query, forged), (bytes) =>
        bytes.writeUInt16BE(0xc000 | questionEnd(query), questionEnd(query)),
      ),
    }),
  ],
  [
    'a question that points at itself',
    (query) => ({ send: altered(replyA(query, forged), (b) => b.writeUInt16BE(0xc00c, 12)) }),
  ],
  ['an address of five octets', (query) => ({ send: withAddressOf(5, query) })],
  ['lying counts', (query) => ({ send: altered(replyA(query, forged), (bytes) => (bytes[7] = 9)) })],
  [
    'two OPT records',
    (query) => {
      const opt = Buffer.from('0000290400000000000000', 'hex');
      return { send: altered(Buffer.concat([replyA(query, forged), opt]), (bytes) => (bytes[11] = 2)) };
    },
  ],
  [
    'an option longer than its OPT',
    (query) => {
      const bytes = Buffer.concat([replyA(query, forged), Buffer.from('000f0009', 'hex')]);
      bytes.writeUInt16BE(4, bytes.length - 6);
      return { send: bytes };
    },
  ],
];

for (const [what, wrong] of wrongReplies) {
  test(`${what} before the right reply: the right reply`, async () => {
    await using upstream = await startScriptedUpstream({
      script: (query) => [wrong(query), { send: replyA(query), afterMs: 20 }],
    });
    using forwarder = setUpForwarder({ upstreams: [upstream] });
    assert.deepEqual(addresses(await ask(forwarder, 'right.example')), ['192.0.2.1']);
  });
}

test('octets behind a reply are cut off', async () => {
  await using upstream = await startScriptedUpstream({
    script: (query) => Buffer.concat([replyA(query), Buffer.from('JUNK'.repeat(query.name.length))]),
  });
  for (const spec of [upstream.spec, `tcp://${upstream.spec}`]) {
    using forwarder = setUpForwarder({ upstreams: [spec] });
    const answer = await ask(forwarder, 'www.example');
    assert.deepEqual(addresses(answer), ['192.0.2.1']);
    assert.deepEqual(answer.layout, readLayout(answer.bytes));
    assert.equal(answer.layout.end, answer.bytes.length);
  }
});

test('all kinds of wrong replies together are counted, and the right reply is still the answer', async () => {
  await using upstream = await startScriptedUpstream({
    tcp: false,
    script: (query) => [
      ...wrongReplies.slice(0, 12).map(([, wrong]) => wrong(query)),
      { send: replyA(query), afterMs: 20 },
    ],
  });
  using forwarder = setUpForwarder({ upstreams: [upstream] });
  assert.deepEqual(addresses(await ask(forwarder, 'right.example')), ['192.0.2.1']);
  const { wrongReplies: counts } = forwarder.status().upstreams[0] ?? {};
  // The one from a wrong port never gets past the kernel.
  assert.deepEqual(counts, { short: 2, 'not-a-reply': 2, id: 1, question: 5, case: 0, malformed: 1 });
});

test('an upstream that only sends what is malformed is a failure that says so, long before the time is up', async () => {
  await using upstream = await startScriptedUpstream({
    script: (query) => withAddressOf(3, query),
  });
  using forwarder = setUpForwarder({ upstreams: [upstream] });
  const startedAt = performance.now();
  await assert.rejects(ask(forwarder, 'x.example'), (error) => {
    assert.ok(error instanceof ForwardError);
    assert.equal(error.kind, 'malformed-replies');
    assert.match(error.message, /127\.0\.0\.1:\d+ sent a malformed reply/);
    return true;
  });
  assert.ok(performance.now() - startedAt < 2500);
});

test('a malformed reply makes the next upstream be asked at once', async () => {
  await using bad = await startScriptedUpstream({
    address: '127.0.0.2',
    script: (query) => withAddressOf(3, query),
  });
  await using good = await startScriptedUpstream({ address: '127.0.0.3' });
  using forwarder = setUpForwarder({ upstreams: [bad, good] });
  assert.equal((await ask(forwarder, 'x.example')).upstream, good.spec);
  const [first, second] = [bad.received[0], good.received[0]];
  assert.ok(first !== undefined && second !== undefined && second.at - first.at < 100);
});

for (const sockets of ['single', 'pooled'] as const) {
  test(`a flood of wrong replies with ${sockets} sockets makes the question go over TCP`, async () => {
    await using upstream = await startScriptedUpstream({
      script: (query) => {
        if (query.transport === 'tcp') return replyA(query);
        return Array.from({ length: 40 }, (_, i) => ({
          send: altered(replyA(query, forged), (bytes) =>
            bytes.writeUInt16BE((query.message.id + i + 1) & 0xffff, 0),
          ),
        }));
      },
    });
    using forwarder = setUpForwarder({ upstreams: [upstream], sockets });
    assert.deepEqual(addresses(await ask(forwarder, 'x.example')), ['192.0.2.1']);
    assert.equal(upstream.received.at(-1)?.transport, 'tcp');
  });
}

const lowerCased = (query: ReceivedQuery): Uint8Array => {
  const name = query.question.name.toLowerCase();
  return answerAll({ ...query, question: { ...query.question, name } });
};

test('an upstream that does not keep case is asked over TCP until that is sure, then over UDP without mixed case', async () => {
  await using upstream = await startScriptedUpstream({ script: lowerCased });
  using forwarder = setUpForwarder({ upstreams: [upstream] });
  // So long that no draw leaves all of it in lower case.
  const long = 'n'.repeat(40);
  for (const name of ['first', 'second', 'Third', 'fourth'].map((label) => `${label}.${long}.Example`)) {
    assert.deepEqual(addresses(await ask(forwarder, name)), ['192.0.2.1']);
  }
  assert.deepEqual(
    upstream.received.map(({ transport }) => transport),
    ['udp', 'tcp', 'udp', 'tcp', 'udp', 'udp'],
  );
  assert.equal(upstream.received[4]?.name, `third.${long}.example`);
  assert.deepEqual(forwarder.status().upstreams[0]?.quirks, ['does not preserve the case of names']);
});

test('without TCP two replies that agree are believed from an upstream that does not keep case', async () => {
  await using upstream = await startScriptedUpstream({ tcp: false, script: lowerCased });
  using forwarder = setUpForwarder({ upstreams: [upstream] });
  assert.deepEqual(addresses(await ask(forwarder, 'first.example')), ['192.0.2.1']);
  assert.equal(upstream.received.length, 3);
});

test('where TCP is silent the two replies are asked for after a fifth of a second, and the next names cost nothing', async () => {
  const clock = new MovableClock();
  await using upstream = await startScriptedUpstream({
    script: (query) => (query.transport === 'udp' ? lowerCased(query) : undefined),
  });
  using forwarder = setUpForwarder({ upstreams: [upstream], clock });
  for (const name of ['first-long-name.example', 'second-long-name.example']) {
    const { length } = upstream.received;
    const asked = ask(forwarder, name);
    await upstream.waitFor(length + 2);
    assert.equal(upstream.received.at(-1)?.transport, 'tcp');
    clock.advance(199);
    await setImmediate();
    assert.equal(upstream.received.length, length + 2);
    clock.advance(1);
    assert.deepEqual(addresses(await asked), ['192.0.2.1']);
  }
  const { length } = upstream.received;
  await ask(forwarder, 'third-long-name.example');
  assert.equal(upstream.received.length, length + 1);
  assert.deepEqual(forwarder.status().upstreams[0]?.quirks, ['does not preserve the case of names']);
});

test('without TCP replies that do not agree are not believed', async () => {
  let count = 0;
  await using upstream = await startScriptedUpstream({
    tcp: false,
    script: (query) => {
      count += 1;
      const name = query.question.name.toLowerCase();
      return replyA({ ...query, question: { ...query.question, name } }, `203.0.113.${count}`);
    },
  });
  using forwarder = setUpForwarder({ upstreams: [upstream] });
  await assert.rejects(ask(forwarder, 'first.example'), (error) => {
    return error instanceof ForwardError && error.kind === 'malformed-replies';
  });
});

test('a forged reply in the wrong case before the right one: the right one, and no exception is remembered', async () => {
  await using upstream = await startScriptedUpstream({
    script: (query) => {
      if (query.transport === 'tcp') return replyA(query);
      const name = query.question.name.toLowerCase();
      const lucky = replyA({ ...query, question: { ...query.question, name } }, forged);
      return [{ send: lucky }, { send: replyA(query) }];
    },
  });
  using forwarder = setUpForwarder({ upstreams: [upstream] });
  for (let i = 0; i < 6; i++) {
    assert.deepEqual(addresses(await ask(forwarder, `some-long-name-${i}.example`)), ['192.0.2.1']);
    // The right reply over UDP may come after the one over TCP; it is what keeps the exception from being made.
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
  assert.deepEqual(forwarder.status().upstreams[0]?.quirks, []);
});

/** A reply with an A record of so many octets. */
function withAddressOf(length: number, query: ReceivedQuery): Uint8Array {
  return reply(query, { answers: [{ ...a(query, forged), rdata: new Uint8Array(length) }] });
}

function questionEnd(query: ReceivedQuery): number {
  return 12 + query.question.name.wireLength + 4;
}

function chiSquared(values: readonly number[], bins: number, bin: (value: number) => number): number {
  const counts = new Array<number>(bins).fill(0);
  for (const value of values) counts[bin(value)] = (counts[bin(value)] ?? 0) + 1;
  const expected = values.length / bins;
  return sum(counts.map((count) => (count - expected) ** 2 / expected));
}

function sum(values: readonly number[]): number {
  return values.reduce((total, value) => total + value, 0);
}
