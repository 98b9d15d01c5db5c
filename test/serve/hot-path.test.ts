import assert from 'node:assert/strict';
import { test } from 'node:test';
import { AnswerCache } from '../../src/cache/answer-cache.ts';
import { Rcode, Type } from '../../src/dns/codes.ts';
import type { EdnsOption } from '../../src/dns/edns.ts';
import { decodeMessage, encodeMessage } from '../../src/dns/message.ts';
import { Name } from '../../src/dns/name.ts';
import { Protocol } from '../../src/dns/protocol.ts';
import { syntheticSoa } from '../../src/dns/soa.ts';
import { type Answer, recordsAnswer } from '../../src/resolve/answer.ts';
import type { Query } from '../../src/resolve/query.ts';
import { AccessList, everybody, loopbackPrefixes } from '../../src/serve/clients/access-list.ts';
import { ClientRateLimit, unlimited } from '../../src/serve/clients/rate-limit.ts';
import type { LocalAnswers } from '../../src/serve/local-answers.ts';
import { Responder, type ResponderParts } from '../../src/serve/responder.ts';
import { query } from '../support/dns-client.ts';
import { aRecord } from '../support/packets.ts';
import { fc } from '../support/property.ts';

/** A responder whose answers depend on the question alone, with time that the test moves. */
function scene(parts: Partial<ResponderParts> = {}) {
  const clock = { time: 1_000_000 };
  const now = () => clock.time;
  const responder = new Responder({
    resolver: { resolve: (asking) => Promise.resolve(answer(asking)) },
    cache: new AnswerCache({ maxBytes: 100_000, maxStale: 86_400, now }),
    access: everybody,
    rate: unlimited,
    cameBackFrom: () => undefined,
    onLoop: () => {},
    trustAuthenticData: true,
    now,
    onBug: (error) => assert.fail(String(error)),
    ...parts,
  });
  return { responder, clock };
}

/** Small, large, negative, and with a comment, by the first label. */
function answer({ question: { name, type } }: Query): Answer {
  const owner = name.toString();
  // RDATA of other types is not read here.
  const record = (address: string, ttl: number) => ({ ...aRecord(owner, address, ttl), type });
  switch (name.labels[0]?.charAt(0)) {
    case 'l':
      return recordsAnswer({
        answers: Array.from({ length: 60 }, (_, i) => record(`192.0.2.${i}`, 60 + i)),
      });
    case 'n':
      return recordsAnswer({
        rcode: Rcode.NXDOMAIN,
        authorities: [syntheticSoa(Name.parse('example.'), 1, 60)],
      });
    case 'c':
      return recordsAnswer({
        answers: [record('192.0.2.1', 60)],
        extendedErrors: [{ code: 0, text: 'why' }],
      });
    default:
      return recordsAnswer({
        answers: [record('192.0.2.1', 60), record('192.0.2.2', 0x7fffffff)],
      });
  }
}

/** The full path's reply. */
function full(responder: Responder, request: Uint8Array, client: string, protocol: Protocol) {
  return new Promise<Uint8Array | undefined>((resolve) => {
    if (!responder.respond(request, { client, protocol }, resolve)) resolve(undefined);
  });
}

/** The hot path's reply, or undefined when it leaves the request to the full one. */
function hot(
  responder: Responder,
  request: Uint8Array,
  client: string,
  protocol: Protocol,
): Buffer | undefined {
  const length = responder.findCached(request, client, protocol);
  if (length === 0) return undefined;
  // Not at the start, so that an offset which is forgotten somewhere shows.
  const target = Buffer.alloc(length + 7, 0xaa);
  responder.writeCached(target, 5);
  assert.deepEqual([target[4], target[length + 5]], [0xaa, 0xaa], 'it writes nothing beside its reply');
  return target.subarray(5, length + 5);
}

const options = fc.array(
  fc.record({
    code: fc.constantFrom(3, 8, 10, 11, 12, 65_001),
    data: fc.uint8Array({ maxLength: 20 }),
  }),
  { maxLength: 3 },
) as fc.Arbitrary<EdnsOption[]>;

const requests = fc
  .record({
    label: fc.constantFrom('a', 'A', 'large', 'nothing', 'comment'),
    type: fc.constantFrom(Type.A, Type.AAAA, Type.ANY, 65_400),
    id: fc.nat(0xffff),
    flags: fc.record({
      recursionDesired: fc.boolean(),
      authenticData: fc.boolean(),
      checkingDisabled: fc.boolean(),
    }),
    edns: fc.option(
      fc.record({
        udpPayloadSize: fc.constantFrom(0, 512, 700, 1232, 4096),
        version: fc.constantFrom(0, 0, 0, 1),
        dnssecOk: fc.boolean(),
        options,
      }),
      { nil: undefined },
    ),
    /** An octet that is set to something else. */
    damage: fc.oneof(
      { weight: 3, arbitrary: fc.constant(undefined) },
      { weight: 1, arbitrary: fc.record({ at: fc.nat(80), value: fc.nat(255) }) },
    ),
    extra: fc.constantFrom(0, 0, 0, 1),
    transport: fc.constantFrom('udp', 'tcp', 'tls'),
    age: fc.constantFrom(0, 1, 1500, 53_900, 54_100, 61_000),
  })
  .map(({ label, type, id, flags, edns, damage, extra, ...rest }) => {
    const plain = query(`${label}.eXample`, type);
    const message = { ...plain, id, flags: { ...plain.flags, ...flags } };
    const octets = [
      ...encodeMessage(edns === undefined ? message : { ...message, edns }),
      ...Array(extra).fill(7),
    ];
    if (damage !== undefined && damage.at < octets.length) octets[damage.at] = damage.value;
    return { request: Uint8Array.from(octets), ...rest };
  });

test('what the hot path answers, the full path answers octet for octet alike', async () => {
  let answered = 0;
  let padded = 0;
  await fc.assert(
    fc.asyncProperty(requests, async ({ request, transport, age }) => {
      const protocol = { udp: Protocol.UDP, tcp: Protocol.TCP, tls: Protocol.TLS }[transport];
      // Two of a kind: each has seen the same, so that what one path counts does not change what the other says.
      const [one, other] = [scene(), scene()];
      for (const { responder, clock } of [one, other]) {
        await full(responder, request, '127.0.0.1', protocol);
        clock.time += age;
      }
      const fast = hot(one.responder, request, '127.0.0.1', protocol);
      if (fast === undefined) return;
      answered++;
      if (transport === 'tls' && fast.length % 468 === 0) padded++;
      const slow = await full(other.responder, request, '127.0.0.1', protocol);
      assert.ok(slow !== undefined);
      assert.equal(fast.toString('hex'), Buffer.from(slow).toString('hex'));
      assert.deepEqual(one.responder.statistics(), other.responder.statistics());
    }),
    { numRuns: 4000 },
  );
  assert.ok(answered > 200, `only ${answered} were for the hot path`);
  assert.ok(padded > 5, `only ${padded} were padded`);
});

test('a plain question that is cached never leaves the hot path, with and without EDNS, over UDP and TCP', async () => {
  const { responder } = scene();
  const edns = {
    udpPayloadSize: 1232,
    version: 0,
    dnssecOk: true,
    options: [{ code: 10, data: new Uint8Array(8) }],
  };
  for (const request of [
    query('a.example'),
    query('nothing.example'),
    query('a.example', Type.A, { edns }),
  ]) {
    const octets = encodeMessage(request);
    assert.equal(hot(responder, octets, '127.0.0.1', Protocol.UDP), undefined, 'not cached yet');
    await full(responder, octets, '127.0.0.1', Protocol.UDP);
    assert.ok(hot(responder, octets, '127.0.0.1', Protocol.UDP));
    assert.ok(hot(responder, octets, '127.0.0.1', Protocol.TCP));
  }
});

test('who may not ask is not answered from the hot path', async () => {
  const { responder } = scene({ access: new AccessList(loopbackPrefixes) });
  const request = encodeMessage(query('a.example'));
  await full(responder, request, '127.0.0.1', Protocol.UDP);
  assert.ok(hot(responder, request, '127.0.0.1', Protocol.UDP));
  assert.equal(hot(responder, request, '192.0.2.1', Protocol.UDP), undefined);
});

test('the hot path takes from what a client may ask, and takes nothing for what it leaves to the full path', async () => {
  const rate = new ClientRateLimit({ rate: { perSecond: 1, burst: 3 }, maxClients: 10, now: () => 0 });
  const { responder } = scene({ rate });
  const request = encodeMessage(query('a.example'));
  await full(responder, request, '192.0.2.1', Protocol.UDP);
  assert.equal(hot(responder, encodeMessage(query('b.example')), '192.0.2.1', Protocol.UDP), undefined);
  assert.ok(hot(responder, request, '192.0.2.1', Protocol.UDP));
  assert.ok(hot(responder, request, '192.0.2.1', Protocol.UDP));
  assert.equal(hot(responder, request, '192.0.2.1', Protocol.UDP), undefined, 'three were taken');
  const shed = await full(responder, request, '192.0.2.1', Protocol.UDP);
  assert.equal((shed?.[2] ?? 0) & 0x02, 0x02, 'and the full path sheds');
});

test('random octets make the hot path throw nothing', async () => {
  const { responder } = scene();
  await full(responder, encodeMessage(query('a.example')), '127.0.0.1', Protocol.UDP);
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 600 }), fc.boolean(), (octets, stream) => {
      hot(responder, octets, '127.0.0.1', stream ? Protocol.TCP : Protocol.UDP);
    }),
    { numRuns: 20_000 },
  );
});

test('what may be known here is for the full path, also when the cache has something else ready', async () => {
  let isKnown = false;
  const local: LocalAnswers = {
    mayAnswer: (request, nameEnd) => isKnown && request[nameEnd - 1] === 0,
    answer: ({ name }) => recordsAnswer({ answers: [aRecord(name.toString(), '192.0.2.99', 5)] }),
    exists: () => true,
  };
  const { responder } = scene({ local });
  const bytes = encodeMessage(query('www.example'));
  const ask = () =>
    new Promise<Uint8Array>((resolve) => {
      responder.respond(bytes, { client: '192.0.2.1', protocol: Protocol.UDP }, resolve);
    });
  for (const expected of ['192.0.2.1', '192.0.2.99', '192.0.2.1']) {
    isKnown = expected === '192.0.2.99';
    const reply = decodeMessage(responder.answerNow(bytes, '192.0.2.1') ?? (await ask()));
    assert.equal(reply.answers[0]?.rdata.join('.'), expected);
    assert.equal(responder.answerNow(bytes, '192.0.2.1') === undefined, isKnown);
  }
});
