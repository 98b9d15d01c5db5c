import assert from 'node:assert/strict';
import { test } from 'node:test';
import { setImmediate } from 'node:timers/promises';
import { type AskedQuestion, KEY_DO, questionKey } from '../../../src/cache/question-key.ts';
import { Class, Rcode, Type } from '../../../src/dns/codes.ts';
import { decodeMessage, encodeMessage } from '../../../src/dns/message.ts';
import { Name } from '../../../src/dns/name.ts';
import { Protocol } from '../../../src/dns/protocol.ts';
import type { ResourceRecord } from '../../../src/dns/record.ts';
import { syntheticSoa } from '../../../src/dns/soa.ts';
import { createRandomPool } from '../../../src/forward/random.ts';
import { buildRequest, formQuery, formStraightQuery, requestKey } from '../../../src/forward/request.ts';
import { parseUpstream } from '../../../src/forward/spec/upstream-spec.ts';
import { query } from '../../support/dns-client.ts';
import { testKey } from '../../support/packets.ts';
import { fc } from '../../support/property.ts';
import {
  a,
  altered,
  answerAll,
  type Reaction,
  type ReceivedQuery,
  type ReplyParts,
  reply,
  replyA,
  startScriptedUpstream,
} from '../../support/scripted-upstream.ts';
import { type MissScene, missScene } from './straight-scene.ts';

const key = testKey(1).publicKey.text;
// No name in a reply shares an ending with the question: whether it can be compressed would depend on the random case.
const soa = syntheticSoa(Name.parse('elsewhere'), 1, 60);

function record(name: string | Name, type: number, rdata: Uint8Array, ttl = 300): ResourceRecord {
  return { name: typeof name === 'string' ? Name.parse(name) : name, type, class: Class.IN, ttl, rdata };
}

const address = Uint8Array.of(198, 100, 0, 1);
const cname = (owner: string | Name, target: string) =>
  record(owner, Type.CNAME, Name.parse(target).toWire());
const option = (code: number, text: string) => ({ code, data: Buffer.from(text, 'latin1') });
const withOptions = (query: ReceivedQuery, options: readonly { code: number; data: Uint8Array }[]) =>
  query.message.edns === undefined
    ? {}
    : { edns: { ...query.message.edns, udpPayloadSize: 1232, options: [...options] } };

/**
 * Replies whole and usual, odd, and hostile ones that a right one follows: without it a question would end with a timeout, and the
 * clock stands still. Over TCP there is always a right one.
 */
const replies: Readonly<Record<string, (query: ReceivedQuery) => Uint8Array | readonly Uint8Array[]>> = {
  address: (query) => answer(query, { answers: [a(query, '198.100.0.1')] }),
  several: (query) =>
    answer(query, { answers: Array.from({ length: 20 }, (_, i) => a(query, `198.100.1.${i}`, 100 + i)) }),
  large: (query) =>
    answer(query, { answers: Array.from({ length: 70 }, (_, i) => a(query, `198.100.1.${i}`, 60)) }),
  private: (query) => answer(query, { answers: [a(query, '10.0.0.1')] }),
  loopback: (query) => answer(query, { answers: [a(query, '198.100.0.1'), a(query, '127.0.0.1')] }),
  'a long life': (query) => answer(query, { answers: [a(query, '198.100.0.1', 0x7fffffff)] }),
  'a life over the limit': (query) => answer(query, { answers: [a(query, '198.100.0.1', 0x80000001)] }),
  'no life': (query) => answer(query, { answers: [a(query, '198.100.0.1', 0)] }),
  authentic: (query) =>
    answer(query, { answers: [a(query)], flags: { authenticData: true, authoritative: true } }),
  alias: (query) =>
    answer(query, {
      answers: [cname(query.question.name, 'to.elsewhere'), record('to.elsewhere', Type.A, address, 20)],
    }),
  'aliases in the wrong order': (query) =>
    answer(query, {
      answers: [record('to.elsewhere', Type.A, address, 20), cname(query.question.name, 'to.elsewhere')],
    }),
  'an alias to nowhere': (query) => answer(query, { answers: [cname(query.question.name, 'no.invalid')] }),
  'an alias without data': (query) =>
    answer(query, { answers: [cname(query.question.name, 'to.elsewhere')], authorities: [soa] }),
  'an alias to a key': (query) => answer(query, { answers: [cname(query.question.name, key)], rcode: 3 }),
  'a loop': (query) => answer(query, { answers: [cname(query.question.name, query.name)] }),
  'a record of a key': (query) =>
    answer(query, { answers: [a(query)], additionals: [record(key, Type.A, address)] }),
  'a dname': (query) =>
    withRecord(query, 'answer', record('example', Type.DNAME, Name.parse('target.test').toWire())),
  nothing: (query) => answer(query, { authorities: [soa] }),
  'nothing, and why is not said': (query) => answer(query),
  'no such name': (query) => answer(query, { rcode: Rcode.NXDOMAIN, authorities: [soa] }),
  'no such name, and why is not said': (query) => answer(query, { rcode: Rcode.NXDOMAIN }),
  'a referral': (query) =>
    altered(
      withRecord(query, 'authority', record('example', Type.NS, Name.parse('ns.elsewhere').toWire())),
      (octets) => (octets[3] = (octets[3] ?? 0) & ~0x80), // RA
    ),
  servfail: (query) => answer(query, { rcode: Rcode.SERVFAIL }),
  refused: (query) => answer(query, { rcode: Rcode.REFUSED }),
  'another rcode': (query) => answer(query, { rcode: Rcode.YXDOMAIN }),
  'an rcode of EDNS': (query) =>
    query.message.edns === undefined ? answer(query) : answer(query, { rcode: 23 }),
  notimp: (query) =>
    query.message.edns === undefined ? answerAll(query) : reply(query, { rcode: Rcode.NOTIMP, edns: null }),
  'a comment': (query) =>
    answer(query, { answers: [a(query)], ...withOptions(query, [option(15, '\0\x06why')]) }),
  'a subnet': (query) =>
    answer(query, {
      answers: [a(query)],
      ...withOptions(query, [option(8, '\0\x01\x18\x18\x01\x02\x03')]),
    }),
  'no EDNS': (query) => answer(query, { answers: [a(query)], edns: null }),
  'a foreign one first': (query) => [
    answer(query, { answers: [record('other.elsewhere', Type.A, address)] }),
    answerAll(query),
  ],
  'foreign beside its own': (query) =>
    answer(query, { answers: [a(query), record('other.elsewhere', Type.A, address)] }),
  'junk behind': (query) => Buffer.concat([answerAll(query), Buffer.from('junk')]),
  'a record behind OPT': (query) =>
    altered(Buffer.concat([answerAll(query), Buffer.from('0000010001000000010004c6640001', 'hex')]), (b) =>
      b.writeUInt16BE(b.readUInt16BE(10) + 1, 10),
    ),
  'the name written out': (query) =>
    altered(
      Buffer.concat([
        reply(query, { edns: null }),
        query.question.name.toWire(),
        Buffer.from('00010001000000640004c6640001', 'hex'),
      ]),
      (b) => b.writeUInt16BE(1, 6),
    ),
  truncated: (query) => answer(query, { answers: [a(query)], flags: { truncated: true } }),
  // Of every letter, for a name may be in lower case by chance.
  'the wrong case': (query) =>
    altered(replyA(query), (octets) => {
      const end = 12 + query.question.name.wireLength;
      for (let at = 12; at < end; at++)
        if (/[a-z]/i.test(String.fromCharCode(octets[at] ?? 0))) octets[at] = (octets[at] ?? 0) ^ 0x20;
    }),
  'a wrong ID first': (query) => [altered(replyA(query), (b) => (b[0] = (b[0] ?? 0) ^ 1)), answerAll(query)],
  'another question first': (query) => [altered(replyA(query), (b) => (b[13] = 0x21)), answerAll(query)],
  'another type first': (query) => [
    replyA({ ...query, question: { ...query.question, type: 999 } }),
    answerAll(query),
  ],
  'a query first': (query) => [altered(replyA(query), (b) => (b[2] = (b[2] ?? 0) & 0x7f)), answerAll(query)],
  'octets without number first': (query) => [
    Buffer.from('short'),
    replyA(query).subarray(0, 11),
    answerAll(query),
  ],
  'a malformed one first': (query) => [
    answer(query, { answers: [{ ...a(query), type: Type.A, rdata: new Uint8Array(3) }] }),
    answerAll(query),
  ],
  'a name that points at itself first': (query) => [
    altered(reply(query, { answers: [a(query)], edns: null }), (b) => {
      const end = 12 + query.question.name.wireLength + 4;
      b.writeUInt16BE(0xc000 | end, end);
    }),
    answerAll(query),
  ],
  'two OPT records first': (query) => [
    altered(Buffer.concat([replyA(query), Buffer.from('0000290400000000000000', 'hex')]), (b) => (b[11] = 2)),
    answerAll(query),
  ],
  'a failure without a question': (query) =>
    altered(reply(query, { rcode: Rcode.REFUSED, edns: null }), (b) => (b[5] = 0)).subarray(0, 12),
  'an answer without a question first': (query) => [
    altered(replyA(query), (b) => (b[5] = 0)),
    answerAll(query),
  ],
  'two different answers': (query) => [replyA(query, '198.100.0.1'), replyA(query, '198.100.0.2')],
};

/** A reply with this record alone, whose name is whole although it ends as the question does. */
function withRecord(
  query: ReceivedQuery,
  section: 'answer' | 'authority',
  { name, type, class: recordClass, ttl, rdata }: ResourceRecord,
): Uint8Array {
  const empty = Buffer.from(answer(query));
  const fields = Buffer.alloc(10);
  fields.writeUInt16BE(type, 0);
  fields.writeUInt16BE(recordClass, 2);
  fields.writeUInt32BE(ttl, 4);
  fields.writeUInt16BE(rdata.length, 8);
  empty.writeUInt16BE(1, section === 'answer' ? 6 : 8);
  const questionEnd = empty.indexOf(0, 12) + 5;
  return Buffer.concat([
    ...[empty.subarray(0, questionEnd), name.toWire(), fields, rdata],
    empty.subarray(questionEnd),
  ]);
}

function answer(query: ReceivedQuery, parts: ReplyParts = {}): Uint8Array {
  return reply(query, parts);
}

const requests = fc.record({
  // Never in the case of what is sent upstream, of which the first letter is a capital: it would be taken for ours coming back.
  label: fc.constantFrom('plain', 'mIxEd', 'a.b.c', 'x'),
  domain: fc.constantFrom(
    'example',
    'example',
    'example',
    'example',
    'net',
    'test',
    'internal',
    key,
    key.slice(1),
    `${key.slice(2)}.key`,
    'in-addr.arpa',
  ),
  type: fc.constantFrom(Type.A, Type.A, Type.A, Type.AAAA, Type.TXT, Type.CNAME, Type.ANY, 65_400),
  flags: fc.record({
    recursionDesired: fc.constantFrom(true, true, true, false),
    authenticData: fc.boolean(),
    checkingDisabled: fc.boolean(),
  }),
  edns: fc.option(
    fc.record({
      udpPayloadSize: fc.constantFrom(512, 1232, 4096),
      version: fc.constant(0),
      dnssecOk: fc.boolean(),
      options: fc.constantFrom([], [{ code: 12, data: new Uint8Array(4) }]),
    }),
    { nil: undefined },
  ),
  protocol: fc.constantFrom(Protocol.UDP, Protocol.UDP, Protocol.TCP, Protocol.TLS),
  kind: fc.constantFrom(...Object.keys(replies)),
  /** Bits of an octet of the reply that are flipped, so that IDs and case, which are random, never fit by chance; the right one follows. */
  damage: fc.option(fc.record({ at: fc.nat(120), flip: fc.integer({ min: 1, max: 255 }) }), {
    nil: undefined,
    freq: 4,
  }),
});

/** What a scene knows after a question, without what depends on time. */
function facts({ responder, cache, forwarder, upstream }: MissScene, asked: AskedQuestion) {
  const entry = cache.peek(asked);
  const { questions, failures, inFlight, upstreams } = forwarder.status();
  return {
    cached: entry && { ...entry.unpack(), bytes: Buffer.from(entry.unpack().bytes).toString('hex') },
    sent: upstream.received.map(({ transport, name, message: { id: _, ...rest } }) => [
      transport,
      name.toLowerCase(),
      { ...rest, questions: [] },
    ]),
    counts: { questions, failures, inFlight },
    upstream: upstreams.map(({ asked, answered, failed, success, quirks, wrongReplies, state }) => ({
      ...{ asked, answered, failed, success, quirks, wrongReplies, state },
    })),
    statistics: responder.statistics(),
    responses: responder.traffic().responses,
  };
}

for (const rebindingProtection of [false, true]) {
  const protection = rebindingProtection ? 'with' : 'without';
  test(`what the straight way answers, the full way answers octet for octet alike, ${protection} rebinding protection`, async () => {
    const pool = createRandomPool();
    const forwarding = { random: { u16: () => pool.u16() | 1 } };
    await using straight = await missScene({ way: 'straight', rebindingProtection, forwarding });
    await using full = await missScene({ way: 'full', rebindingProtection, forwarding });
    let count = 0;
    await fc.assert(
      fc.asyncProperty(requests, async ({ label, domain, type, flags, edns, protocol, kind, damage }) => {
        const plain = query(`${label}.q${count++}.${domain}`, type);
        const message = { ...plain, id: count & 0xffff, flags: { ...plain.flags, ...flags } };
        const request = encodeMessage(edns === undefined ? message : { ...message, edns });
        const script = (received: ReceivedQuery): Reaction[] => {
          if (received.transport === 'tcp') return [{ send: answerAll(received) }];
          const made = replies[kind]?.(received) ?? [];
          const whole = made instanceof Uint8Array ? [made] : made;
          // The right one would race with what is asked over TCP.
          const isWhole = damage === undefined || kind === 'the wrong case';
          if (isWhole) return whole.map((send) => ({ send }));
          const [first = answerAll(received)] = whole;
          const damaged = altered(first, (octets) => {
            if (damage.at < octets.length) octets[damage.at] = (octets[damage.at] ?? 0) ^ damage.flip;
          });
          return [damaged, answerAll(received)].map((send) => ({ send }));
        };
        const outcomes = [];
        for (const scene of [straight, full]) {
          scene.upstream.script = script;
          scene.upstream.received.length = 0;
          const asking = [request, request].map((octets) => scene.ask(octets, protocol));
          const got = await Promise.all(asking);
          const again = await scene.ask(request, protocol);
          // A second reply may still be on its way.
          await setImmediate();
          const asked = {
            ...{ bytes: request, questionEnd: Buffer.from(request).indexOf(0, 12) + 5 },
            keyFlags: edns?.dnssecOk ? KEY_DO : 0,
          };
          outcomes.push({
            got: got.map((octets) => octets.toString('hex')),
            again: again.toString('hex'),
            ...facts(scene, asked),
          });
          // What one case has taught about the upstream is nothing to the next.
          scene.forwarder.networkChanged();
          scene.upstream.script = answerAll;
          await scene.ask(encodeMessage(query(`warm${count}.example`)));
        }
        assert.deepEqual(outcomes[0], outcomes[1], `${kind} ${JSON.stringify(damage)}`);
      }),
      { numRuns: 700, endOnFailure: true },
    );
    assert.ok(straight.taken() > 200, `only ${straight.taken()} went the straight way`);
    assert.equal(full.taken(), 0);
  });
}

test('what is almost a key never takes the straight way, wherever it stands', async () => {
  await using scene = await missScene({ way: 'straight' });
  const before = scene.taken();
  for (const label of [key.slice(1), key.slice(2), `0${key.slice(1)}`, `${key}y`, `${key}yy`])
    for (const name of [label, `www.${label}`, `${label}.key`, `${label}.lan`])
      assert.equal(decodeMessage(await scene.ask(encodeMessage(query(name)))).rcode, Rcode.NXDOMAIN, name);
  assert.deepEqual([scene.taken() - before, scene.upstream.received.length], [0, 0]);
});

test('each kind of reply that the usual question can have goes the way that it should', async () => {
  await using scene = await missScene({ way: 'straight' });
  for (const [index, kind] of Object.keys(replies).entries()) {
    scene.upstream.script = (received) => {
      if (received.transport === 'tcp') return answerAll(received);
      const made = replies[kind]?.(received) ?? [];
      return made instanceof Uint8Array ? made : made.map((send) => ({ send }));
    };
    const before = scene.taken();
    await scene.ask(encodeMessage(query(`kind${index}.example`)));
    assert.equal(scene.taken(), before + 1, kind);
    scene.forwarder.networkChanged();
    scene.upstream.script = answerAll;
    await scene.ask(encodeMessage(query(`between${index}.example`)));
  }
});

test('the query of the straight way has the octets of any other', () => {
  fc.assert(
    fc.property(
      fc.array(fc.stringMatching(/^[a-zA-Z0-9_\u00e0-]{1,20}$/), { minLength: 1, maxLength: 6 }),
      fc.nat(0xffff),
      fc.boolean(),
      fc.boolean(),
      (labels, type, dnssecOk, checkingDisabled) => {
        const question = { name: Name.fromLabels(labels), type, class: Class.IN };
        const bytes = encodeMessage(query('x', type));
        const asked = Buffer.concat([
          bytes.subarray(0, 12),
          question.name.toWire(),
          Buffer.of(type >> 8, type & 255, 0, 1),
        ]);
        const drawn: number[] = [];
        const random = createRandomPool();
        const first = { u16: () => drawn[drawn.push(random.u16()) - 1] as number };
        const request = { bytes: asked, questionEnd: asked.length, dnssecOk, checkingDisabled };
        const straight = formStraightQuery(request, 0x1234, first);
        const again = { u16: () => drawn.shift() ?? assert.fail('more numbers were drawn') };
        const built = buildRequest(question, dnssecOk, checkingDisabled);
        assert.deepEqual(straight, formQuery(built, { id: 0x1234, edns: true, mixCase: again }));
        const flags = (dnssecOk ? 1 : 0) | (checkingDisabled ? 2 : 0);
        assert.equal(requestKey(built), questionKey(asked, asked.length - 4, flags));
      },
    ),
  );
});

test('a reply that is late is waited for, others are asked, and nothing is asked twice of the same', async () => {
  await using other = await startScriptedUpstream({ address: '127.0.0.2' });
  await using scene = await missScene({
    way: 'straight',
    script: () => undefined,
  });
  const [own] = scene.forwarder.status().upstreams;
  scene.forwarder.setUpstreams({
    upstreams: [parseUpstream(own?.label ?? ''), parseUpstream(other.spec)],
    fallback: [],
    routes: [],
  });
  // The new one is measured with the next question, on the full way.
  await scene.ask(encodeMessage(query('measured.example')));
  const asked = scene.ask(encodeMessage(query('late.example')));
  await scene.upstream.waitFor(1);
  assert.equal(scene.taken(), 1);
  const [late] = scene.upstream.received;
  assert.ok(late !== undefined);
  scene.clock.advance(60);
  // The full way has its own timers.
  while (other.received.length < 2) {
    await setImmediate();
    scene.clock.advance(0);
  }
  assert.deepEqual(decodeMessage(await asked).answers[0]?.rdata, Uint8Array.of(192, 0, 2, 1));
  assert.equal(scene.upstream.received.length, 1);
  await scene.upstream.sendTo(late, replyA(late));
  while (scene.forwarder.status().upstreams[0]?.answered !== 2) await setImmediate();
  assert.equal(scene.forwarder.status().inFlight, 0);
});

test('a reply that comes when the question has left for the full way is the answer', async () => {
  await using scene = await missScene({ way: 'straight', script: () => undefined });
  const asked = scene.ask(encodeMessage(query('late.example')));
  await scene.upstream.waitFor(1);
  scene.clock.advance(60);
  for (let i = 0; i < 20; i++) await setImmediate();
  const [late] = scene.upstream.received;
  assert.ok(late !== undefined);
  await scene.upstream.sendTo(late, replyA(late, '198.100.0.7'));
  assert.deepEqual(decodeMessage(await asked).answers[0]?.rdata, Uint8Array.of(198, 100, 0, 7));
  assert.equal(scene.upstream.received.length, 1);
  assert.deepEqual(scene.forwarder.status().inFlight, 0);
  assert.equal(scene.responder.statistics().inFlight, 0);
});

test('equal questions are asked once, whichever way they go, and each client has its own case', async () => {
  const held: ReceivedQuery[] = [];
  await using scene = await missScene({
    way: 'straight',
    script: (received) => {
      held.push(received);
      return undefined;
    },
  });
  const names = ['one.example', 'ONE.example', 'oNe.eXample'];
  const asked = names.map((name) => scene.ask(encodeMessage(query(name))));
  // One that is traced goes the full way, and takes the others along.
  const traced = scene.responder.ask(encodeMessage(query('One.Example')), 'owner', { isTraced: true });
  await scene.upstream.waitFor(1);
  for (let i = 0; i < 20; i++) await setImmediate();
  assert.equal(held.length, 1);
  assert.equal(scene.taken(), 1);
  const [sent] = held;
  assert.ok(sent !== undefined);
  await scene.upstream.sendTo(sent, replyA(sent));
  const replies = (await Promise.all(asked)).map((octets) => decodeMessage(octets));
  assert.deepEqual(
    replies.map(({ questions }) => questions[0]?.name.labels.join('.')),
    names,
  );
  const outcome = await traced;
  assert.ok(typeof outcome === 'object');
  assert.equal(decodeMessage(outcome.reply).answers.length, 1);
  assert.equal(scene.forwarder.status().inFlight, 0);
});

test('after a change of the network the question is asked anew', async () => {
  await using scene = await missScene({ way: 'straight', script: () => undefined });
  const asked = scene.ask(encodeMessage(query('moving.example')));
  await scene.upstream.waitFor(1);
  scene.upstream.script = answerAll;
  scene.forwarder.networkChanged();
  assert.equal(decodeMessage(await asked).answers.length, 1);
  assert.equal(scene.upstream.received.length, 2);
  assert.equal(scene.forwarder.status().inFlight, 0);
});

test('what is on the straight way is waited for when the program stops, and then abandoned', async () => {
  await using scene = await missScene({ way: 'straight', script: () => undefined });
  const asked = scene.ask(encodeMessage(query('stopping.example')));
  await scene.upstream.waitFor(1);
  await scene.responder.close(20);
  assert.equal(decodeMessage(await asked).rcode, Rcode.SERVFAIL);
  assert.equal(scene.upstream.received.length, 1);
});

test('our own query that comes back is known', async () => {
  await using scene = await missScene({ way: 'straight', script: () => undefined });
  const asked = scene.ask(encodeMessage(query('a-name-with-letters.example')));
  await scene.upstream.waitFor(1);
  const [sent] = scene.upstream.received;
  assert.ok(sent !== undefined);
  const end = 12 + sent.question.name.wireLength + 4;
  assert.equal(scene.forwarder.cameBackFrom(sent.bytes, end), scene.upstream.spec);
  const looped = decodeMessage(await scene.ask(sent.bytes));
  assert.equal(looped.rcode, Rcode.SERVFAIL);
  await scene.upstream.sendTo(sent, replyA(sent));
  assert.equal(decodeMessage(await asked).answers.length, 1);
  assert.equal(scene.forwarder.cameBackFrom(sent.bytes, end), undefined);
});

test('names that are anything to a layer do not go the straight way', async () => {
  await using scene = await missScene({ way: 'straight' });
  for (const name of [
    ...['.', 'localhost', 'x.localhost', 'invalid', 'x.onion', 'x.alt', 'x.test', 'printer.local'],
    ...['x.internal', 'use-application-dns.net', 'x.use-application-dns.net', '1.0.0.10.in-addr.arpa'],
    ...[key, `www.${key}`, `${key}.key`, `www.${key}.lan`, `pk:${key}.example`, 'resolver.arpa'],
  ]) {
    await scene.ask(encodeMessage(query(name)));
  }
  await scene.ask(encodeMessage(query('any.example', Type.ANY)));
  assert.equal(scene.taken(), 0);
  for (const name of ['example', 'www.example.net', 'arpa-not.example', 'use-application-dns.net.example'])
    await scene.ask(encodeMessage(query(name)));
  assert.equal(scene.taken(), 4);
});

test('a name with a route does not go the straight way', async () => {
  await using routed = await startScriptedUpstream({ address: '127.0.0.2' });
  await using scene = await missScene({ way: 'straight' });
  const [own] = scene.forwarder.status().upstreams;
  scene.forwarder.setUpstreams({
    upstreams: [parseUpstream(own?.label ?? '')],
    fallback: [],
    routes: [{ domains: [Name.parse('office.example')], upstream: parseUpstream(routed.spec) }],
  });
  await scene.ask(encodeMessage(query('www.OFFICE.example')));
  await scene.ask(encodeMessage(query('office.example')));
  assert.equal(scene.taken(), 0);
  assert.equal(routed.received.length, 2);
  await scene.ask(encodeMessage(query('backoffice.example')));
  assert.equal(scene.taken(), 1);
});
