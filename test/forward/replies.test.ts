import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Class, Rcode, typeFromText } from '../../src/dns/codes.ts';
import { readLayout } from '../../src/dns/layout.ts';
import { decodeMessage } from '../../src/dns/message.ts';
import { Name } from '../../src/dns/name.ts';
import { recordToText } from '../../src/dns/presentation/rdata-text.ts';
import type { ResourceRecord } from '../../src/dns/record.ts';
import { ForwardError } from '../../src/forward/errors.ts';
import type { UpstreamReply } from '../../src/forward/reply.ts';
import { parseZoneFile } from '../../src/pkarr/zone/file/zone-file.ts';
import {
  altered,
  type ReceivedQuery,
  reply,
  replyA,
  type Script,
  startScriptedUpstream,
} from '../support/scripted-upstream.ts';
import { addresses, ask, setUpForwarder } from './support.ts';

/** Records from lines of a zone file below `example`. */
function records(...lines: readonly string[]): readonly ResourceRecord[] {
  return parseZoneFile(`$TTL 600\n${lines.join('\n')}\n`, { origin: Name.parse('example') }).records;
}

/** The header of a reply alone, with an OPT record when `opt` is given. */
function bare(query: ReceivedQuery, rcode: number, opt = ''): Uint8Array {
  const header = Buffer.alloc(12);
  header.writeUInt16BE(query.message.id, 0);
  header[2] = 0x81;
  header[3] = 0x80 | rcode;
  if (opt !== '') header[11] = 1;
  return Buffer.concat([header, Buffer.from(opt, 'hex')]);
}

const plainOpt = '0000290400000000000000';
const badVersion = '0000290400010000000000';

for (const [what, rcode, opt] of [
  ['REFUSED', Rcode.REFUSED, ''],
  ['SERVFAIL', Rcode.SERVFAIL, ''],
  ['FORMERR', Rcode.FORMERR, ''],
  ['NOTIMP', Rcode.NOTIMP, ''],
  ['REFUSED with an OPT record', Rcode.REFUSED, plainOpt],
  ['REFUSED with octets behind it', Rcode.REFUSED, `${plainOpt}0102`],
  ['BADVERS', Rcode.NOERROR, badVersion],
] as const) {
  for (const transport of ['UDP', 'TCP']) {
    test(`${what} without a question is that failure at once, over ${transport}`, async () => {
      await using upstream = await startScriptedUpstream({ script: (query) => bare(query, rcode, opt) });
      await using good = await startScriptedUpstream();
      const spec = transport === 'UDP' ? upstream.spec : `tcp://${upstream.spec}`;
      using alone = setUpForwarder({ upstreams: [spec] });
      const answer = await ask(alone, 'wWw.Example');
      assert.equal(answer.rcode, rcode === Rcode.NOERROR ? Rcode.BADVERS : rcode);
      const { questions, answers, authorities, additionals } = decodeMessage(answer.bytes);
      assert.deepEqual(questions[0]?.name.labels, ['wWw', 'Example']);
      assert.deepEqual([answers, authorities, additionals], [[], [], []]);
      assert.deepEqual(answer.layout, readLayout(answer.bytes));
      using both = setUpForwarder({ upstreams: [spec, good] });
      for (let i = 0; i < 3; i++)
        assert.deepEqual(addresses(await ask(both, `n${i}.example`)), ['192.0.2.1']);
    });
  }
}

test('a failure without a question says nothing of the case of names, and is no sign against EDNS', async () => {
  await using upstream = await startScriptedUpstream({
    script: (query) =>
      query.name.toLowerCase().startsWith('r') ? bare(query, Rcode.REFUSED) : replyA(query),
  });
  using forwarder = setUpForwarder({ upstreams: [upstream] });
  for (let i = 0; i < 3; i++) {
    assert.equal((await ask(forwarder, `r${i}.example`)).rcode, Rcode.REFUSED);
    assert.deepEqual(addresses(await ask(forwarder, `good${i}.example`)), ['192.0.2.1']);
  }
  assert.deepEqual(forwarder.status().upstreams[0]?.quirks, []);
  assert.ok(upstream.received.every(({ message }) => message.edns !== undefined));
});

test('FORMERR without a question is asked again without EDNS, also when it repeats the OPT record', async () => {
  await using upstream = await startScriptedUpstream({
    script: (query) => (query.message.edns ? bare(query, Rcode.FORMERR, plainOpt) : replyA(query)),
  });
  using forwarder = setUpForwarder({ upstreams: [upstream] });
  assert.deepEqual(addresses(await ask(forwarder, 'www.example')), ['192.0.2.1']);
  assert.deepEqual(forwarder.status().upstreams[0]?.quirks, ['does not support EDNS']);
});

for (const [what, wrong] of [
  ['NOERROR', (query) => bare(query, Rcode.NOERROR)],
  ['NXDOMAIN', (query) => bare(query, Rcode.NXDOMAIN)],
  ['NOERROR with an OPT record', (query) => bare(query, Rcode.NOERROR, plainOpt)],
  [
    'a failure with the id of another query',
    (query) => altered(bare(query, Rcode.REFUSED), (b) => (b[1] = (b[1] ?? 0) ^ 1)),
  ],
  [
    'a failure with records',
    (query) =>
      altered(reply(query, { rcode: 5, answers: records('x A 192.0.2.9') }), (b) => b.writeUInt16BE(0, 4)),
  ],
] as const satisfies readonly (readonly [string, Script])[]) {
  test(`${what} without a question is a wrong reply, and the wait goes on`, async () => {
    await using upstream = await startScriptedUpstream({
      script: (query) => [{ send: wrong(query) }, { send: replyA(query), afterMs: 20 }],
    });
    using forwarder = setUpForwarder({ upstreams: [upstream] });
    assert.deepEqual(addresses(await ask(forwarder, 'www.example')), ['192.0.2.1']);
  });
}

const noRecursion = { recursionAvailable: false };
const referral: Script = (query) =>
  reply(query, {
    flags: noRecursion,
    authorities: records('@ NS ns'),
    additionals: records('ns A 192.0.2.53'),
  });
const nothing: Script = (query) => reply(query, { flags: noRecursion });

for (const [what, script] of [
  ['answers with a referral', referral],
  ['answers with nothing and does not recurse', nothing],
] as const) {
  test(`where one upstream ${what} the next is asked, and alone it is SERVFAIL with a reason`, async () => {
    await using lame = await startScriptedUpstream({ script });
    await using good = await startScriptedUpstream();
    using both = setUpForwarder({ upstreams: [lame, good] });
    for (let i = 0; i < 6; i++) assert.deepEqual(addresses(await ask(both, `n${i}.example`)), ['192.0.2.1']);
    assert.ok(lame.received.length > 0);
    using alone = setUpForwarder({ upstreams: [lame] });
    const answer = await ask(alone, 'www.example');
    assert.equal(answer.rcode, Rcode.SERVFAIL);
    assert.equal(answer.extendedErrors[0]?.code, 22);
    assert.deepEqual(answer.layout.ttlOffsets, []);
  });
}

test('NODATA is NODATA where there is an SOA record, an authority or recursion', async () => {
  const soa = records('@ SOA ns host 1 2 3 4 60');
  for (const script of [
    (query) => reply(query, { flags: noRecursion, authorities: soa }),
    (query) => reply(query, { flags: { ...noRecursion, authoritative: true } }),
    (query) => reply(query),
    (query) => reply(query, { flags: noRecursion, rcode: Rcode.NXDOMAIN }),
  ] as const satisfies readonly Script[]) {
    await using upstream = await startScriptedUpstream({ script });
    using forwarder = setUpForwarder({ upstreams: [upstream] });
    const { rcode, extendedErrors } = await ask(forwarder, 'www.example');
    assert.ok(rcode !== Rcode.SERVFAIL);
    assert.deepEqual(extendedErrors, []);
  }
});

const sig = (type: string) =>
  `RRSIG \\# 21 ${(typeFromText(type) ?? 0).toString(16).padStart(4, '0')}${'01'.repeat(16)}00ffff`;

/** The answer section for `www.example A`, or another type, as lines, from an upstream that answers with `given`. */
async function answerSection(given: readonly ResourceRecord[], type = 'A'): Promise<readonly string[]> {
  const code = typeFromText(type) ?? 0;
  await using upstream = await startScriptedUpstream({
    script: (query) => reply(query, { answers: given, flags: { authenticData: true } }),
  });
  using forwarder = setUpForwarder({ upstreams: [upstream] });
  const answer: UpstreamReply = await ask(forwarder, 'www.example', { type: code, dnssecOk: true });
  assert.deepEqual(answer.layout, readLayout(answer.bytes));
  const { answers } = decodeMessage(answer.bytes);
  const isWhole = answers.length === given.length;
  assert.equal(answer.authenticData, isWhole, 'AD is for what the upstream validated as a whole');
  return answers.map((record) => recordToText(record).replace(/ 600 IN/, ''));
}

for (const { rule, given, type, kept } of [
  {
    rule: 'an unrelated record goes',
    given: ['other A 192.0.2.9', 'www A 192.0.2.1'],
    kept: ['www.example. A 192.0.2.1'],
  },
  {
    rule: 'a chain stays, in whatever order, and what stands beside it goes',
    given: ['c A 192.0.2.1', 'b CNAME c', 'www CNAME b', 'd A 192.0.2.9', 'b.b A 192.0.2.9'],
    kept: ['c.example. A 192.0.2.1', 'b.example. CNAME c.example.', 'www.example. CNAME b.example.'],
  },
  {
    rule: 'signatures stay with what they sign',
    given: ['www CNAME b', `www ${sig('CNAME')}`, 'b A 192.0.2.1', `b ${sig('A')}`, `c ${sig('A')}`],
    kept: ['www CNAME', 'www RRSIG', 'b A', 'b RRSIG'],
  },
  {
    rule: 'a DNAME above a name of the chain stays, with its signature, and another goes',
    given: [
      'www CNAME x.old',
      'old DNAME new',
      `old ${sig('DNAME')}`,
      'x.old CNAME x.new',
      'x.new A 192.0.2.1',
      'older DNAME new',
      `old ${sig('NS')}`,
    ],
    kept: ['www CNAME', 'old DNAME', 'old RRSIG', 'x.old CNAME', 'x.new A'],
  },
  {
    rule: 'a DNAME without its CNAME gets one',
    given: ['www CNAME x.old', 'old DNAME new', 'x.new A 192.0.2.1'],
    kept: [
      'www.example. CNAME x.old.example.',
      'old.example. DNAME new.example.',
      'x.old.example. CNAME x.new.example.',
      'x.new.example. A 192.0.2.1',
    ],
  },
  {
    rule: 'a DNAME that applies twice gets a CNAME for each time',
    given: ['www CNAME a.x', 'x DNAME y.x', 'a.y.y.x A 192.0.2.1'],
    kept: [
      'www.example. CNAME a.x.example.',
      'x.example. DNAME y.x.example.',
      'a.x.example. CNAME a.y.x.example.',
      'a.y.x.example. CNAME a.y.y.x.example.',
      'a.y.y.x.example. A 192.0.2.1',
    ],
  },
  {
    rule: 'a question for the CNAME is answered by it',
    type: 'CNAME',
    given: ['www CNAME b', 'b CNAME c'],
    kept: ['www.example. CNAME b.example.'],
  },
  {
    rule: 'aliases in a circle end',
    given: ['www CNAME b', 'b CNAME www', 'c A 192.0.2.9'],
    kept: ['www.example. CNAME b.example.', 'b.example. CNAME www.example.'],
  },
  {
    rule: 'records of another type under the name of the question stay',
    given: ['www AAAA 2001:db8::1', 'www A 192.0.2.1'],
    kept: ['www.example. AAAA 2001:db8::1', 'www.example. A 192.0.2.1'],
  },
] as readonly { rule: string; given: string[]; type?: string; kept: string[] }[]) {
  test(`in the answer section ${rule}`, async () => {
    const lines = await answerSection(records(...given), type);
    assert.equal(lines.length, kept.length, lines.join('\n'));
    for (const [i, line] of lines.entries()) {
      const [owner = '', kind = ''] = (kept[i] ?? '').split(' ');
      assert.ok(
        line.startsWith(`${owner.replace(/\.example\.$/, '')}.example. ${kind}`),
        `${line} is not ${kept[i]}`,
      );
    }
  });
}

test('names are compared without case, and a record of another class goes', async () => {
  const [one, two] = records('WWW CNAME B', 'b A 192.0.2.1');
  assert.ok(one && two);
  assert.equal((await answerSection([one, two])).length, 2);
  assert.equal((await answerSection([one, two, { ...two, class: Class.CH }])).length, 2);
});

test('an answer of which nothing belongs to the question is malformed, and not NODATA', async () => {
  await using upstream = await startScriptedUpstream({
    script: (query) => reply(query, { answers: records('other A 192.0.2.9') }),
  });
  using forwarder = setUpForwarder({ upstreams: [upstream] });
  await assert.rejects(
    ask(forwarder, 'www.example'),
    (error) => error instanceof ForwardError && error.kind === 'malformed-replies',
  );
});

test('a reply with thousands of records and aliases is looked through quickly', async () => {
  const aliases = Array.from({ length: 400 }, (_, i) => `a${i} CNAME a${i + 1}`);
  const given = records(
    'www CNAME a0',
    ...aliases,
    ...Array.from({ length: 1000 }, (_, i) => `www A 192.0.2.${i % 250}`),
  );
  const { user } = process.cpuUsage();
  const lines = await answerSection(given);
  assert.ok(process.cpuUsage().user - user < 2_000_000);
  // Sixteen aliases are followed; the others lead nowhere that is looked at.
  assert.ok(lines.length > 16 && lines.length < given.length);
});
