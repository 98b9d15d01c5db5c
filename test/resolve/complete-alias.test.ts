import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Cancellation } from '../../src/async/cancellation.ts';
import { Rcode, Type } from '../../src/dns/codes.ts';
import { readLayout } from '../../src/dns/layout.ts';
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
    shareUpstreams: () => true,
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

test('which answers go on with the target of an alias', async () => {
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
      [
        'a key further up',
        'A',
        [cnameRecord('www.example', `${key}.example`), aRecord(`${key}.example`)],
        '',
      ],
      ['an alias without its target', 'A', [cnameRecord('www.example', 'b.example')], 'b.example.'],
      [
        'a CNAME without its target, asked for itself',
        'CNAME',
        [cnameRecord('www.example', 'b.example')],
        '',
      ],
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

test('aliases without their target are completed from it, over several steps, and never in a loop', async () => {
  const chains: Readonly<Record<string, readonly string[]>> = {
    'one.example': ['two.example'],
    'two.example': ['three.example', 'four.example'],
    'ping.example': ['pong.example'],
    'pong.example': ['ping.example'],
    'self.example': ['self.example'],
    'circle.example': ['a.example', 'b.example', 'circle.example'],
  };
  const asked: string[] = [];
  const layer = completeAliases({
    follow: { resolve: (query, followContext) => resolver.resolve(query, followContext) },
    isKeyName: () => false,
    shareUpstreams: (one, other) => one.labels[0] !== 'one' || other.labels[0] !== 'two',
  });
  const resolver = layer({
    async resolve(query) {
      const name = query.question.name.labels.join('.');
      asked.push(name);
      const steps = chains[name];
      if (steps === undefined) return forwarded(query, { answers: [aRecord(name, '192.0.2.4')] });
      return forwarded(query, {
        answers: steps.map((to, i) => cnameRecord(i === 0 ? name : (steps[i - 1] ?? ''), to)),
      });
    },
  });
  assert.deepEqual(toLines(await resolver.resolve(queryFor('one.example'), context)), [
    'NOERROR',
    // Another upstream's to say, and so kept as it says; the same upstream has left out what follows it.
    'one.example. 600 IN CNAME two.example.',
    'two.example. 5 IN CNAME three.example.',
    'three.example. 5 IN CNAME four.example.',
    'four.example. 600 IN A 192.0.2.4',
  ]);
  assert.deepEqual(asked, ['one.example', 'two.example', 'four.example']);
  for (const name of ['ping.example', 'self.example', 'circle.example']) {
    await assert.rejects(
      resolver.resolve(queryFor(name), context),
      (error) => error instanceof ResolveError && error.kind === 'alias-loop',
      name,
    );
  }
  assert.ok(asked.length < 30, `${asked.length} questions`);
});

test('an alias whose target has no data, or does not exist, is not followed again', async () => {
  const soa = [syntheticSoa(Name.parse('example'), 1, 60)];
  for (const parts of [
    { authorities: soa },
    { rcode: Rcode.NXDOMAIN, authorities: soa },
    { rcode: Rcode.NXDOMAIN },
  ]) {
    const query = queryFor('www.example');
    const upstream = forwarded(query, { ...parts, answers: [cnameRecord('www.example', 'b.example')] });
    const { followed, resolver } = scene(upstream);
    assert.equal(await resolver.resolve(query, context), upstream);
    assert.equal(followed.length, 0);
  }
});

test('records that names of keys own are not taken from an upstream, in any section and form', async () => {
  const pointing = (type: number, before: readonly number[], target = key): ResourceRecord => ({
    ...cnameRecord('www.example', target),
    type,
    rdata: Uint8Array.from([...before, ...Name.parse(target).toWire()]),
  });
  const forged = [key, `www.${key}`, `${key}.key`, `a.${key}.key`, refused].map((name) =>
    aRecord(name, '192.0.2.66'),
  );
  const soa = syntheticSoa(Name.parse(key), 1, 60);
  const ns = { ...pointing(Type.NS, []), name: Name.parse(`x.${key}`) };
  const kept = aRecord('ns.example', '192.0.2.53');
  for (const [type, record] of [
    ['SRV', pointing(Type.SRV, [0, 0, 0, 0, 1, 187])],
    ['MX', pointing(Type.MX, [0, 10])],
    ['HTTPS', pointing(Type.HTTPS, [0, 1])],
    ['NS', pointing(Type.NS, [])],
  ] as const) {
    const query = queryFor('www.example', type);
    const upstream = forwarded(query, {
      answers: [record],
      authorities: [soa, ns, { ...kept, type: Type.NS, rdata: Name.root.toWire() }],
      additionals: [...forged, kept],
    });
    const answer = await scene(upstream).resolver.resolve(query, context);
    assert.ok(answer.kind === 'forwarded');
    const { answers, authorities, additionals } = toRecords(answer);
    assert.deepEqual(answers, [record], type);
    assert.deepEqual([authorities.length, authorities[0]?.name.toString()], [1, 'ns.example.'], type);
    assert.deepEqual(additionals, [kept], type);
    assert.deepEqual(answer.reply.layout, readLayout(answer.reply.bytes));
  }
});

test('names of others in which a key stands further up keep their records', async () => {
  const name = `_iroh.${key}.dns.iroh.link`;
  const query = queryFor(name, 'TXT');
  const txt = { ...aRecord(name), type: Type.TXT, rdata: Uint8Array.of(1, 0x61) };
  const upstream = forwarded(query, { answers: [txt], additionals: [aRecord(`${key}.dns.iroh.link`)] });
  assert.equal(await scene(upstream).resolver.resolve(query, context), upstream);
});

test('an answer that would be too long without its records of keys fails, and is not taken for NODATA', async () => {
  // Each target is a pointer in the upstream's message, which an encoder may not write in an SRV record (RFC 3597 §4).
  const query = queryFor('www.example', 'SRV');
  const opaque = { ...aRecord('www.example'), type: 65_400 };
  const srv = { ...opaque, rdata: Uint8Array.from([0, 0, 0, 0, 1, 187, 0xc0, 12]) };
  const long = Name.fromLabels(['a'.repeat(63), 'b'.repeat(63), 'c'.repeat(63), 'example']);
  const { question } = queryFor(long.toString(), 'SRV');
  const forgedKey = aRecord(key, '192.0.2.66');
  const upstream = forwarded(
    { ...query, question },
    {
      answers: Array.from({ length: 500 }, () => ({ ...srv, name: long })),
      additionals: [forgedKey],
    },
  );
  const bytes = Buffer.from(upstream.reply.bytes);
  for (const offset of upstream.reply.layout.ttlOffsets.slice(0, 500))
    bytes.writeUInt16BE(Type.SRV, offset - 4);
  const compressed = { ...upstream, reply: { ...upstream.reply, bytes, layout: readLayout(bytes) } };
  await assert.rejects(
    scene(compressed).resolver.resolve({ ...query, question }, context),
    (error) => error instanceof ResolveError && error.kind === 'upstream-malformed',
  );
});
