import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Cancellation } from '../../src/async/cancellation.ts';
import { Rcode, Type } from '../../src/dns/codes.ts';
import { Name } from '../../src/dns/name.ts';
import type { ResourceRecord } from '../../src/dns/record.ts';
import { syntheticSoa } from '../../src/dns/soa.ts';
import { type Answer, recordsAnswer, toRecords } from '../../src/resolve/answer.ts';
import { completeAliases } from '../../src/resolve/complete-alias.ts';
import { ResolveError } from '../../src/resolve/errors.ts';
import type { Query, ResolveContext } from '../../src/resolve/query.ts';
import { rebindingProtection } from '../../src/resolve/rebinding.ts';
import { isKeyName } from '../../src/resolve/special/suffix.ts';
import { aRecord, cnameRecord, testKey } from '../support/packets.ts';
import { forwarded, queryFor, toLines } from './layers.ts';

const key = testKey(1).publicKey.text;
const refused = `${'n'.repeat(51)}y`;
const suffixes = [Name.parse('key')];
const context = { cancellation: new Cancellation(), aliasesFollowed: 0 };
const rootSoa = syntheticSoa(Name.root, 1, 86_400);

/** What is made of an upstream's answer to `query`; what was asked of the router is noted in `followed`. */
function scene(upstream: Answer, rest: Answer = recordsAnswer({ answers: [aRecord(`www.${key}`)] })) {
  const followed: { readonly query: Query; readonly context: ResolveContext }[] = [];
  const layer = completeAliases({
    follow: {
      async resolve(query, followContext) {
        followed.push({ query, context: followContext });
        return rest;
      },
    },
    isKeyName: (name) => isKeyName(name, suffixes),
  });
  return { followed, resolver: layer({ resolve: async () => upstream }) };
}

const short = (lines: readonly string[]) => lines.map((line) => line.replaceAll(key, 'KEY'));

test('an alias of an ordinary name to a key is kept and completed, and the SOA of the root goes', async () => {
  const query = queryFor('www.example', 'A', { dnssecOk: true });
  const nxdomain = forwarded(query, {
    rcode: Rcode.NXDOMAIN,
    answers: [cnameRecord('www.example', 'b.example'), cnameRecord('b.example', `www.${key}`)],
    authorities: [rootSoa],
  });
  const { followed, resolver } = scene(nxdomain);
  const answer = await resolver.resolve(query, context);
  assert.deepEqual(short(toLines(answer)), [
    'NOERROR',
    'www.example. 600 IN CNAME b.example.',
    'b.example. 600 IN CNAME www.KEY.',
    'www.KEY. 600 IN A 192.0.2.1',
  ]);
  assert.equal(toRecords(answer).authoritative, false);
  assert.equal(followed[0]?.query.question.name.toString(), `www.${key}.`);
  assert.equal(followed[0]?.query.dnssecOk, true);
  assert.equal(followed[0]?.context.aliasesFollowed, 2);
});

test('which answers go on with a key', async () => {
  const toKey = cnameRecord('www.example', `www.${key}`);
  const forged = aRecord(`www.${key}`, '192.0.2.66');
  const cases: readonly (readonly [what: string, type: string, records: ResourceRecord[], goesOn: string])[] =
    [
      ['no data', 'A', [toKey], `www.${key}.`],
      ['a key upstream claims to know', 'A', [toKey, forged], `www.${key}.`],
      ['records in another order', 'A', [forged, toKey], `www.${key}.`],
      ['a key under a suffix', 'A', [cnameRecord('www.example', `w.${key}.key`)], `w.${key}.key.`],
      ['what only looks like a key', 'A', [cnameRecord('www.example', refused)], `${refused}.`],
      ['the CNAME itself was asked', 'CNAME', [toKey], ''],
      ['a CNAME of another name', 'A', [cnameRecord('other.example', key)], ''],
      ['an ordinary alias', 'A', [cnameRecord('www.example', 'b.example'), aRecord('b.example')], ''],
      ['a key further up', 'A', [cnameRecord('www.example', `${key}.example`)], ''],
      ['aliases in a circle', 'A', [cnameRecord('www.example', 'www.example')], ''],
      ['no alias', 'A', [aRecord('www.example', '192.0.2.52')], ''],
      ['nothing', 'A', [], ''],
    ];
  for (const [what, type, answers, goesOn] of cases) {
    const query = queryFor('www.example', type);
    const upstream = forwarded(query, { answers });
    const { followed, resolver } = scene(upstream);
    const answer = await resolver.resolve(query, context);
    assert.equal(followed[0]?.query.question.name.toString() ?? '', goesOn, what);
    if (goesOn === '') assert.equal(answer, upstream, what);
    else assert.ok(!short(toLines(answer)).some((line) => line.includes('192.0.2.66')), what);
  }
});

test('a DNAME that made the alias stays, and signatures stay for those who want them', async () => {
  const signature = (owner: string, covered: number): ResourceRecord => ({
    ...aRecord(owner),
    type: Type.RRSIG,
    rdata: Uint8Array.from(Buffer.concat([Buffer.of(0, covered), Buffer.alloc(16), Buffer.of(0)])),
  });
  const dname: ResourceRecord = {
    ...cnameRecord('example', key),
    type: Type.DNAME,
  };
  const answers = [
    dname,
    signature('example', Type.DNAME),
    signature('example', Type.NS),
    cnameRecord('www.example', `www.${key}`),
  ];
  for (const [dnssecOk, expected] of [
    [true, [Type.DNAME, Type.RRSIG, Type.CNAME, Type.A]],
    [false, [Type.DNAME, Type.CNAME, Type.A]],
  ] as const) {
    const query = queryFor('www.example', 'A', { dnssecOk });
    const { resolver } = scene(forwarded(query, { answers }));
    const answer = toRecords(await resolver.resolve(query, context));
    assert.deepEqual(
      answer.answers.map(({ type }) => type),
      expected,
    );
  }
});

test('what is said of the key is what the packet says: RCODE, SOA and extended errors', async () => {
  const query = queryFor('www.example');
  const rest = recordsAnswer({
    rcode: Rcode.NXDOMAIN,
    authorities: [syntheticSoa(Name.parse(key), 0, 60)],
    extendedErrors: [{ code: 0, text: 'No signed packet is published under this key.' }],
  });
  const { resolver } = scene(forwarded(query, { answers: [cnameRecord('www.example', key)] }), rest);
  assert.deepEqual(short(toLines(await resolver.resolve(query, context))), [
    'NXDOMAIN',
    'www.example. 600 IN CNAME KEY.',
    'SOA of KEY. for 60 s',
    'extended error 0',
  ]);
});

test('aliases count against the limit of the whole resolution', async () => {
  const query = queryFor('www.example');
  const { resolver } = scene(forwarded(query, { answers: [cnameRecord('www.example', key)] }));
  await resolver.resolve(query, { ...context, aliasesFollowed: 15 });
  await assert.rejects(
    resolver.resolve(query, { ...context, aliasesFollowed: 16 }),
    (error) => error instanceof ResolveError && error.kind === 'alias-loop',
  );
});

test('an alias to a key is no way round the protection against rebinding', async () => {
  const query = queryFor('www.example');
  const rest = recordsAnswer({ answers: [aRecord(key, '192.168.1.1')] });
  const { resolver } = scene(forwarded(query, { answers: [cnameRecord('www.example', key)] }), rest);
  const layer = rebindingProtection({ allowed: [], hasRoute: () => false });
  assert.deepEqual(toLines(await layer(resolver).resolve(query, context)), [
    'NOERROR',
    'SOA of www.example. for 60 s',
    'extended error 15',
  ]);
});
