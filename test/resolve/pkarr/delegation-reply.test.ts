import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Class, Rcode, Type } from '../../../src/dns/codes.ts';
import { decodeMessage, type Message, noFlags } from '../../../src/dns/message.ts';
import { Name } from '../../../src/dns/name.ts';
import { recordToText } from '../../../src/dns/presentation/rdata-text.ts';
import type { ResourceRecord } from '../../../src/dns/record.ts';
import { WireError } from '../../../src/dns/wire-error.ts';
import { parseZoneFile } from '../../../src/pkarr/zone/file/zone-file.ts';
import { judgeReply } from '../../../src/resolve/pkarr/authority-reply.ts';
import { fc } from '../../support/property.ts';
import { queryFor } from '../layers.ts';

/** Records from lines of zone files: names are relative to `sub.k`, the zone that is delegated here. */
function records(lines: readonly string[]): readonly ResourceRecord[] {
  return lines.flatMap((line) => {
    const [owner = ''] = line.split(' ');
    // The reader of zone files takes every owner into its zone, so one outside is a zone of its own.
    const origin = Name.parse(owner.endsWith('.') ? owner : 'sub.k');
    return parseZoneFile(`$TTL 600\n${line}\n`, { origin }).records;
  });
}

interface Parts {
  readonly type?: string;
  readonly rcode?: number;
  /** AA; on unless told. */
  readonly aa?: boolean;
  readonly answers?: readonly string[];
  readonly authorities?: readonly string[];
  readonly additionals?: readonly string[];
}

/** What a reply of these parts to a question for `www.sub.k` comes to, in lines. */
function verdictOn({ type = 'A', rcode = Rcode.NOERROR, aa = true, ...parts }: Parts): readonly string[] {
  const { question } = queryFor('www.sub.k', type);
  const reply: Message = {
    id: 0,
    opcode: 0,
    flags: { ...noFlags, response: true, authoritative: aa },
    rcode,
    questions: [question],
    answers: records(parts.answers ?? []),
    authorities: records(parts.authorities ?? []),
    additionals: records(parts.additionals ?? []),
  };
  const verdict = judgeReply(reply, question, Name.parse('sub.k'), false);
  switch (verdict.kind) {
    case 'answer': {
      const { answers, authorities, additionals } = verdict;
      const owners = [...authorities, ...additionals].map((record) => `+ ${record.name} ${record.type}`);
      return [`answer ${verdict.rcode}`, ...answers.map(recordToText), ...owners];
    }
    case 'alias':
      return [`alias to ${verdict.target} after ${verdict.steps}`, ...verdict.chain.map(recordToText)];
    case 'referral':
      return [`referral to ${verdict.servers[0].name}`, ...verdict.glue.map(recordToText)];
    case 'lame':
      return [`lame: it ${verdict.why}`];
  }
}

const soa = '@ SOA ns nobody.invalid. 1 2 3 4 5';
const noCloser = ['lame: it answers with a referral that leads no closer'];

test('what the reply of a server comes to', () => {
  const cases: readonly (readonly [what: string, parts: Parts, ...expected: string[]])[] = [
    ['data', { answers: ['www A 192.0.2.1'] }, 'answer 0', 'www.sub.k. 600 IN A 192.0.2.1'],
    ['data of another type', { answers: ['www TXT x'], authorities: [soa] }, 'answer 0', '+ sub.k. 6'],
    ['data of another name', { answers: ['other A 192.0.2.1'] }, 'answer 0'],
    ['no data', { authorities: [soa] }, 'answer 0', '+ sub.k. 6'],
    ['no data and no SOA', {}, 'answer 0'],
    ['no such name', { rcode: Rcode.NXDOMAIN, authorities: [soa] }, 'answer 3', '+ sub.k. 6'],
    [
      'an alias inside, in any order',
      { answers: ['b A 192.0.2.1', 'www CNAME b'] },
      'answer 0',
      'www.sub.k. 600 IN CNAME b.sub.k.',
      'b.sub.k. 600 IN A 192.0.2.1',
    ],
    [
      'an alias to a name that is not there',
      { rcode: Rcode.NXDOMAIN, answers: ['www CNAME b'], authorities: [soa] },
      'answer 3',
      'www.sub.k. 600 IN CNAME b.sub.k.',
      '+ sub.k. 6',
    ],
    [
      'an alias to a name further down of which nothing is said',
      { answers: ['www CNAME a.deep'] },
      'alias to a.deep.sub.k. after 1',
      'www.sub.k. 600 IN CNAME a.deep.sub.k.',
    ],
    [
      'an alias out of the zone with data that are not its to give',
      { answers: ['www CNAME b.example.', 'b.example. A 192.0.2.66'] },
      'alias to b.example. after 1',
      'www.sub.k. 600 IN CNAME b.example.',
    ],
    [
      'the CNAME itself',
      { type: 'CNAME', answers: ['www CNAME b.example.'] },
      'answer 0',
      'www.sub.k. 600 IN CNAME b.example.',
    ],
    [
      'a DNAME, whose CNAME is made and not believed',
      { answers: ['@ DNAME example.', 'www CNAME forged.example.'] },
      'alias to www.example. after 1',
      'sub.k. 600 IN DNAME example.',
      'www.sub.k. 600 IN CNAME www.example.',
    ],
    ['an alias to itself', { answers: ['www CNAME www'] }, 'lame: it answers with an alias loop'],
    [
      'a referral further down, with glue of the zone alone',
      {
        aa: false,
        authorities: ['www NS ns.www', 'www NS ns.example.'],
        additionals: ['ns.www A 192.0.2.5', 'ns.example. A 192.0.2.66'],
      },
      'referral to www.sub.k.',
      'ns.www.sub.k. 600 IN A 192.0.2.5',
    ],
    ['a referral to itself', { aa: false, authorities: ['@ NS ns'] }, ...noCloser],
    ['a referral upwards', { aa: false, authorities: ['k. NS ns.k.'] }, ...noCloser],
    ['a referral to the root', { aa: false, authorities: ['. NS a.root-servers.net.'] }, ...noCloser],
    ['a referral sideways', { aa: false, authorities: ['other NS ns'] }, ...noCloser],
    [
      'an answer of no authority',
      { aa: false, answers: ['www A 192.0.2.1'] },
      'lame: it is not authoritative for the name',
    ],
    ['REFUSED', { rcode: Rcode.REFUSED }, 'lame: it answers REFUSED'],
    ['SERVFAIL', { rcode: Rcode.SERVFAIL }, 'lame: it answers SERVFAIL'],
    ['NOTIMP', { rcode: Rcode.NOTIMP }, 'lame: it answers NOTIMP'],
    [
      'an NXDOMAIN of the root',
      { rcode: Rcode.NXDOMAIN, authorities: ['. SOA ns. nobody.invalid. 1 2 3 4 5'] },
      'lame: it answers for another zone',
    ],
    [
      'additional addresses, of the zone alone',
      { type: 'MX', answers: ['www MX 1 m'], additionals: ['m A 192.0.2.1', 'm.example. A 192.0.2.66'] },
      'answer 0',
      'www.sub.k. 600 IN MX 1 m.sub.k.',
      '+ m.sub.k. 1',
    ],
  ];
  for (const [what, parts, ...expected] of cases) assert.deepEqual(verdictOn(parts), expected, what);
});

test('a DNAME that would make too long a name is YXDOMAIN', () => {
  const long = Array.from({ length: 3 }, () => 'a'.repeat(63)).join('.');
  const target = `${'b'.repeat(61)}.${long}.`;
  const [first] = verdictOn({ answers: [`@ DNAME ${target}`] });
  assert.equal(first, `answer ${Rcode.YXDOMAIN}`);
});

test('signatures and proofs of the zone are kept for those who want them', () => {
  const { question } = queryFor('www.sub.k');
  const rrsig = (name: string, covered: number): ResourceRecord => ({
    name: Name.parse(name),
    type: Type.RRSIG,
    class: Class.IN,
    ttl: 60,
    rdata: Uint8Array.from(Buffer.concat([Buffer.of(0, covered), Buffer.alloc(16), Buffer.of(0)])),
  });
  const reply: Message = {
    id: 0,
    opcode: 0,
    flags: { ...noFlags, response: true, authoritative: true },
    rcode: Rcode.NOERROR,
    questions: [question],
    answers: [...records(['www A 192.0.2.1']), rrsig('www.sub.k', Type.A), rrsig('www.sub.k', Type.TXT)],
    authorities: [rrsig('sub.k', Type.NSEC), rrsig('sub.k', Type.NS)],
    additionals: [],
  };
  const types = (dnssecOk: boolean) => {
    const verdict = judgeReply(reply, question, Name.parse('sub.k'), dnssecOk);
    if (verdict.kind !== 'answer') throw new Error(verdict.kind);
    return [verdict.answers, verdict.authorities].map((section) => section.map(({ type }) => type));
  };
  assert.deepEqual(types(true), [[Type.A, Type.RRSIG], [Type.RRSIG]]);
  assert.deepEqual(types(false), [[Type.A], []]);
});

test('whatever octets a server sends, they come to a verdict in which every record is of the zone', () => {
  const { question } = queryFor('www.sub.k');
  const zone = Name.parse('sub.k');
  const line = fc.constantFrom(
    'www A 192.0.2.1',
    'www CNAME b',
    'b CNAME www',
    'b CNAME c.example.',
    '@ DNAME d',
    '@ DNAME k.',
    'www NS ns.www',
    'k. NS ns.k.',
    soa,
    'example. A 192.0.2.1',
    'ns.www A 192.0.2.1',
  );
  const section = fc.array(line, { maxLength: 5 });
  fc.assert(
    fc.property(
      section,
      section,
      section,
      fc.boolean(),
      fc.constantFrom(0, 3, 5, 6),
      (an, ns, ar, aa, rcode) => {
        const reply: Message = {
          id: 0,
          opcode: 0,
          flags: { ...noFlags, authoritative: aa },
          rcode,
          questions: [],
          answers: records(an),
          authorities: records(ns),
          additionals: records(ar),
        };
        const verdict = judgeReply(reply, question, zone, true);
        const held = [
          ...(verdict.kind === 'answer'
            ? [...verdict.answers, ...verdict.authorities, ...verdict.additionals]
            : []),
          ...(verdict.kind === 'alias' ? verdict.chain : []),
          ...(verdict.kind === 'referral' ? [...verdict.servers, ...verdict.glue] : []),
        ];
        for (const record of held) assert.ok(record.name.isWithin(zone), recordToText(record));
        if (verdict.kind === 'referral') {
          assert.ok(
            verdict.servers[0].name.labels.length > 2 && question.name.isWithin(verdict.servers[0].name),
          );
        }
      },
    ),
    { numRuns: 500 },
  );
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 200 }), (bytes) => {
      let message: Message;
      try {
        message = decodeMessage(bytes);
      } catch (error) {
        assert.ok(error instanceof WireError);
        return;
      }
      judgeReply(message, question, zone, true);
    }),
  );
});
