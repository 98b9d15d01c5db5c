import assert from 'node:assert/strict';
import { setImmediate } from 'node:timers/promises';
import { type AskedQuestion, KEY_DO } from '../../../src/cache/question-key.ts';
import { Class, Rcode, Type } from '../../../src/dns/codes.ts';
import { encodeMessage } from '../../../src/dns/message.ts';
import { Name } from '../../../src/dns/name.ts';
import { Protocol } from '../../../src/dns/protocol.ts';
import type { ResourceRecord } from '../../../src/dns/record.ts';
import { syntheticSoa } from '../../../src/dns/soa.ts';
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
} from '../../support/scripted-upstream.ts';
import type { MissScene, SceneUpstream } from './straight-scene.ts';

export const key = testKey(1).publicKey.text;
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
 * clock stands still. Over TCP after UDP there is always a right one.
 */
export const replies: Readonly<Record<string, (query: ReceivedQuery) => Uint8Array | readonly Uint8Array[]>> =
  {
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
    'a wrong ID first': (query) => [
      altered(replyA(query), (b) => (b[0] = (b[0] ?? 0) ^ 1)),
      answerAll(query),
    ],
    'another question first': (query) => [altered(replyA(query), (b) => (b[13] = 0x21)), answerAll(query)],
    'another type first': (query) => [
      replyA({ ...query, question: { ...query.question, type: 999 } }),
      answerAll(query),
    ],
    'a query first': (query) => [
      altered(replyA(query), (b) => (b[2] = (b[2] ?? 0) & 0x7f)),
      answerAll(query),
    ],
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
      altered(
        Buffer.concat([replyA(query), Buffer.from('0000290400000000000000', 'hex')]),
        (b) => (b[11] = 2),
      ),
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
function facts({ responder, cache, forwarder, upstream }: MissScene<SceneUpstream>, asked: AskedQuestion) {
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

/**
 * Asks both scenes questions of all kinds, with replies of all kinds: clients, cache and counters must not show which way it went, and
 * the upstream is sent the same.
 */
export async function assertWaysAlike<Upstream extends SceneUpstream>(
  straight: MissScene<Upstream>,
  full: MissScene<Upstream>,
  { over, numRuns }: { readonly over: 'UDP' | 'TLS' | 'HTTPS'; readonly numRuns: number },
): Promise<void> {
  let count = 0;
  await fc.assert(
    fc.asyncProperty(requests, async ({ label, domain, type, flags, edns, protocol, kind, damage }) => {
      const plain = query(`${label}.q${count++}.${domain}`, type);
      const message = { ...plain, id: count & 0xffff, flags: { ...plain.flags, ...flags } };
      const request = encodeMessage(edns === undefined ? message : { ...message, edns });
      const script = (received: ReceivedQuery): Reaction[] => {
        const isOrderly = received.transport === 'tcp' && over === 'UDP';
        if (isOrderly || received.name.startsWith('barrier')) return [{ send: answerAll(received) }];
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
        // A second reply may still be on its way; on a connection it comes before that to a later query.
        if (over === 'UDP') await setImmediate();
        else await scene.ask(encodeMessage(query(`barrier${count}.example`)));
        const asked = {
          ...{ bytes: request, questionEnd: Buffer.from(request).indexOf(0, 12) + 5 },
          keyFlags: edns?.dnssecOk ? KEY_DO : 0,
        };
        const outcome = {
          got: got.map((octets) => octets.toString('hex')),
          again: again.toString('hex'),
          ...facts(scene, asked),
        };
        outcomes.push(withoutName(outcome, scene.upstream.spec));
        // What one case has taught about the upstream is nothing to the next.
        scene.forwarder.networkChanged();
        scene.upstream.script = answerAll;
        await scene.ask(encodeMessage(query(`warm${count}.example`)));
      }
      assert.deepEqual(outcomes[0], outcomes[1], `${kind} ${JSON.stringify(damage)}`);
    }),
    { numRuns, endOnFailure: true },
  );
}

/** The same without the name of the upstream, which has its port, as text and in octets in hexadecimal. */
function withoutName(outcome: object, spec: string): unknown {
  const text = JSON.stringify(outcome).replaceAll(spec, '');
  return JSON.parse(text.replaceAll(Buffer.from(spec).toString('hex'), ''));
}
