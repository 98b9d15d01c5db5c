import assert from 'node:assert/strict';
import { getEventListeners } from 'node:events';
import { mock, test } from 'node:test';
import { Cancellation } from '../../../src/async/cancellation.ts';
import { Class, Rcode, Type } from '../../../src/dns/codes.ts';
import { Name } from '../../../src/dns/name.ts';
import type { ResourceRecord, RRset } from '../../../src/dns/record.ts';
import { AuthorityClient } from '../../../src/forward/authority.ts';
import { ipv6FromText } from '../../../src/ip/text.ts';
import { recordsAnswer } from '../../../src/resolve/answer.ts';
import { failureReply, ResolveError } from '../../../src/resolve/errors.ts';
import { Delegation } from '../../../src/resolve/pkarr/delegation.ts';
import { type ServerAddressPolicy, whyNotQueried } from '../../../src/resolve/pkarr/server-address.ts';
import type { Query, Resolver } from '../../../src/resolve/query.ts';
import { aRecord, cnameRecord } from '../../support/packets.ts';
import {
  a,
  altered,
  reply,
  type ScriptedUpstream,
  startScriptedUpstream,
} from '../../support/scripted-upstream.ts';
import { queryFor, toLines } from '../layers.ts';

const original = AbortSignal.any;
const loopback: ServerAddressPolicy = {
  allowPrivate: true,
  allowLoopback: true,
  isOwnAddress: () => false,
  whyOurs: () => undefined,
};
const aa = { authoritative: true, recursionDesired: false, recursionAvailable: false };

type Script = ScriptedUpstream['script'];

const good: Script = (query) => reply(query, { answers: [a(query, '192.0.2.7')], flags: aa });
const silent: Script = () => undefined;
const refused: Script = (query) => reply(query, { rcode: Rcode.REFUSED });
const servfail: Script = (query) => reply(query, { rcode: Rcode.SERVFAIL });
const notAnAuthority: Script = (query) => reply(query, { answers: [a(query, '192.0.2.66')] });
const upwards: Script = (query) =>
  reply(query, { authorities: [nsRecord('k', 'ns.k')], flags: { ...aa, authoritative: false } });
const toItself: Script = (query) =>
  reply(query, { authorities: [nsRecord('sub.k', 'ns.sub.k')], flags: { ...aa, authoritative: false } });

function nsRecord(name: string, server: string): ResourceRecord {
  return { ...cnameRecord(name, server), type: Type.NS };
}

/** Name servers on loopback addresses and one port, and a delegation of `sub.k` to all of them with glue. */
async function servers(...scripts: readonly Script[]) {
  const list: ScriptedUpstream[] = [];
  for (const [index, script] of scripts.entries()) {
    const address = `127.0.0.${100 + index}`;
    list.push(await startScriptedUpstream({ address, script, ...(list[0] && { port: list[0].port }) }));
  }
  const names = list.map((_, index) => `ns${index}.sub.k`);
  return {
    list,
    port: list[0]?.port ?? 0,
    referral: {
      name: Name.parse('www.sub.k'),
      servers: names.map((name) => nsRecord('sub.k', name)) as unknown as RRset,
      glue: list.map(({ address }, index) => aRecord(names[index] ?? '', address)),
    },
    async [Symbol.asyncDispose]() {
      await Promise.all(list.map((server) => server.close()));
    },
  };
}

const nowhere: Resolver = { resolve: () => Promise.reject(new Error('the router was asked')) };

function delegation(port: number, options: { follow?: Resolver; policy?: ServerAddressPolicy } = {}) {
  const { follow = nowhere, policy = loopback } = options;
  return new Delegation({ authority: new AuthorityClient(), follow, policy, port });
}

const fresh = () => ({
  cancellation: Cancellation.following(AbortSignal.timeout(10_000)),
  aliasesFollowed: 0,
});
const query = (bits: Partial<Query> = {}) => queryFor('www.sub.k', 'A', bits);
const questions = (list: readonly ScriptedUpstream[]) => list.map(({ received }) => received.length);

/** The failure that asking these servers ends in, and how many milliseconds it took. */
async function failure(work: Promise<unknown>): Promise<{ readonly text: string; readonly took: number }> {
  const start = performance.now();
  try {
    await work;
  } catch (error) {
    assert.ok(error instanceof ResolveError, String(error));
    assert.equal(error.kind, 'delegation');
    assert.equal(failureReply(error).rcode, Rcode.SERVFAIL);
    return { text: error.message, took: performance.now() - start };
  }
  throw new Error('There was an answer.');
}

test('a server is asked iteratively: RD 0, EDNS with 1232 octets, DO passed on, its own id and port each time', async () => {
  await using scene = await servers(good);
  const part = delegation(scene.port);
  for (const dnssecOk of [false, true]) {
    const answer = await part.resolve(scene.referral, query({ dnssecOk, checkingDisabled: true }), fresh());
    assert.deepEqual(toLines(answer), ['NOERROR', 'www.sub.k. 300 IN A 192.0.2.7']);
    assert.equal(answer.authoritative, false);
  }
  const [first, second] = scene.list[0]?.received ?? [];
  for (const [received, dnssecOk] of [
    [first, false],
    [second, true],
  ] as const) {
    assert.equal(received?.transport, 'udp');
    const { flags, edns } = received?.message ?? {};
    assert.deepEqual(
      [flags?.recursionDesired, flags?.checkingDisabled, flags?.authenticData],
      [false, false, false],
    );
    assert.deepEqual([edns?.udpPayloadSize, edns?.version, edns?.dnssecOk], [1232, 0, dnssecOk]);
  }
  assert.notEqual(first?.sourcePort, second?.sourcePort);
});

for (const [what, script] of [
  ['refuses', refused],
  ['fails', servfail],
  ['is no authority', notAnAuthority],
  ['refers upwards', upwards],
  ['refers to itself', toItself],
  [
    'has an answer for another zone',
    (q) => reply(q, { rcode: Rcode.NXDOMAIN, flags: aa, authorities: [soaOf('.')] }),
  ],
  [
    'sends records that cannot be read',
    (q) => reply(q, { flags: aa, answers: [{ ...a(q), rdata: Uint8Array.of(1) }] }),
  ],
] as readonly (readonly [string, Script])[]) {
  test(`a server that ${what} is passed over for the next, at once`, async () => {
    await using scene = await servers(script, good);
    const answer = await delegation(scene.port).resolve(scene.referral, query(), fresh());
    assert.deepEqual(toLines(answer), ['NOERROR', 'www.sub.k. 300 IN A 192.0.2.7']);
    assert.deepEqual(questions(scene.list), [1, 1]);
  });
}

test('following a delegation leaves no listener on any signal', async () => {
  const made: AbortSignal[] = [];
  const any = mock.method(AbortSignal, 'any', (signals: AbortSignal[]) => {
    const signal = original(signals);
    made.push(signal);
    return signal;
  });
  try {
    await using scene = await servers(good);
    await delegation(scene.port).resolve(scene.referral, query(), fresh());
  } finally {
    any.mock.restore();
  }
  assert.ok(made.length >= 2);
  for (const signal of made) assert.equal(getEventListeners(signal, 'abort').length, 0);
});

test('beside a silent server the next is asked, and of the first no more is heard', async () => {
  await using scene = await servers(silent, good);
  const start = performance.now();
  await delegation(scene.port).resolve(scene.referral, query(), fresh());
  const took = performance.now() - start;
  assert.ok(took > 200 && took < 1500, `${took} ms`);
  assert.deepEqual(questions(scene.list), [1, 1]);
});

test('a lost datagram is asked again', async () => {
  await using scene = await servers((q) => (scene.list[0]?.received.length === 1 ? undefined : good(q)));
  const answer = await delegation(scene.port).resolve(scene.referral, query(), fresh());
  assert.equal(answer.answers.length, 1);
  assert.deepEqual(questions(scene.list), [2]);
});

test('replies with a wrong id, question or port are not believed', async () => {
  const liar: Script = (q) => {
    const forged = reply(q, { answers: [a(q, '192.0.2.66')], flags: aa });
    return [
      { send: altered(forged, (copy) => copy.writeUInt16BE(copy.readUInt16BE(0) ^ 1, 0)) },
      { send: altered(forged, (copy) => copy.writeUInt8(copy.readUInt8(13) ^ 1, 13)) },
      { send: forged, fromOtherPort: true },
      { send: reply(q, { answers: [a(q, '192.0.2.7')], flags: aa }), afterMs: 50 },
    ];
  };
  await using scene = await servers(liar);
  const answer = await delegation(scene.port).resolve(scene.referral, query(), fresh());
  assert.deepEqual(toLines(answer), ['NOERROR', 'www.sub.k. 300 IN A 192.0.2.7']);
});

test('a truncated reply is asked for again over TCP', async () => {
  await using scene = await servers((q) =>
    q.transport === 'udp' ? reply(q, { flags: { ...aa, truncated: true } }) : good(q),
  );
  const answer = await delegation(scene.port).resolve(scene.referral, query(), fresh());
  assert.equal(answer.answers.length, 1);
  assert.deepEqual(
    scene.list[0]?.received.map(({ transport }) => transport),
    ['udp', 'tcp'],
  );
});

test('a referral further down is followed with its glue', async () => {
  const referring: Script = (q) =>
    reply(q, {
      authorities: [nsRecord('www.sub.k', 'ns.www.sub.k')],
      additionals: [aRecord('ns.www.sub.k', '127.0.0.101')],
    });
  await using scene = await servers(referring, good);
  const referral = {
    ...scene.referral,
    servers: [nsRecord('sub.k', 'ns0.sub.k')] as RRset,
  };
  const answer = await delegation(scene.port).resolve(referral, query(), fresh());
  assert.equal(answer.answers.length, 1);
  assert.deepEqual(questions(scene.list), [1, 1]);
});

test('referrals that never end are followed over 8 zones and no further', async () => {
  const labels = Array.from({ length: 40 }, (_, index) => `l${index}`);
  const deep = Name.fromLabels([...labels, 'sub', 'k']);
  let depth = 2;
  const endless: Script = (q) => {
    depth += 1;
    const zone = deep.ancestor(depth).toString();
    return reply(q, {
      authorities: [nsRecord(zone, `ns.${zone}`)],
      additionals: [aRecord(`ns.${zone}`, '127.0.0.100')],
    });
  };
  await using scene = await servers(endless);
  const { text, took } = await failure(
    delegation(scene.port).resolve({ ...scene.referral, name: deep }, query(), fresh()),
  );
  assert.match(text, /too many delegations/);
  assert.deepEqual(questions(scene.list), [8]);
  assert.ok(took < 4500);
});

for (const [what, scripts, reason] of [
  ['all lame', [refused, upwards, notAnAuthority], /REFUSED.*no closer.*not authoritative/],
  ['all silent', [silent, silent], /did not answer/],
  ['one silent and one lame', [silent, servfail], /SERVFAIL/],
  [
    'too slow',
    [(q) => [{ send: reply(q, { flags: aa, answers: [a(q)] }), afterMs: 5000 }]],
    /did not answer/,
  ],
] as readonly (readonly [string, readonly Script[], RegExp])[]) {
  test(`servers that are ${what} end in a failure that says so, before a client gives up`, async () => {
    await using scene = await servers(...scripts);
    const { text, took } = await failure(delegation(scene.port).resolve(scene.referral, query(), fresh()));
    assert.match(text, reason);
    assert.ok(took < 4500, `${took} ms`);
    // Three tries, the last of them with EDNS and without.
    assert.ok(questions(scene.list).every((count) => count <= 4));
  });
}

test('many silent servers get 16 questions and no more', async () => {
  await using scene = await servers(...Array.from({ length: 12 }, () => silent));
  const { took } = await failure(delegation(scene.port).resolve(scene.referral, query(), fresh()));
  assert.ok(took < 4500, `${took} ms`);
  assert.ok(questions(scene.list).reduce((sum, count) => sum + count, 0) <= 16);
});

test('a server without glue is looked up, IPv4 and IPv6', async () => {
  await using scene = await servers(good);
  const asked: string[] = [];
  const follow: Resolver = {
    async resolve({ question: { name, type } }) {
      asked.push(`${name} ${type}`);
      return recordsAnswer({ answers: type === Type.A ? [aRecord('ns.example', '127.0.0.100')] : [] });
    },
  };
  const referral = { ...scene.referral, servers: [nsRecord('sub.k', 'ns.example')] as RRset };
  const answer = await delegation(scene.port, { follow }).resolve(referral, query(), fresh());
  assert.equal(answer.answers.length, 1);
  assert.deepEqual(asked.sort(), ['ns.example. 1', 'ns.example. 28']);
});

test('a server inside of its own zone without an address is not looked up', async () => {
  const referral = {
    name: Name.parse('www.sub.k'),
    servers: [nsRecord('sub.k', 'ns.sub.k')] as RRset,
    glue: [],
  };
  const { text } = await failure(delegation(1).resolve(referral, query(), fresh()));
  assert.match(text, /a name server inside the zone has no glue address/);
});

test('zones whose servers are in each other end at once', async () => {
  const zones: Readonly<Record<string, string>> = { 'sub.k': 'ns.sub.l', 'sub.l': 'ns.sub.k' };
  let lookUps = 0;
  const follow: Resolver = {
    async resolve(inner, context) {
      lookUps += 1;
      const zone = inner.question.name.ancestor(2).toString().slice(0, -1);
      const servers: RRset = [nsRecord(zone, zones[zone] ?? '')];
      return await part.resolve({ name: inner.question.name, servers, glue: [] }, inner, context);
    },
  };
  const part = delegation(1, { follow });
  const servers: RRset = [nsRecord('sub.k', 'ns.sub.l')];
  const { took } = await failure(
    part.resolve({ name: Name.parse('www.sub.k'), servers, glue: [] }, query(), fresh()),
  );
  assert.ok(took < 1000, `${took} ms`);
  assert.ok(lookUps <= 12, `${lookUps} look-ups`);
});

test('a delegation with many names of servers has few of them looked up', async () => {
  const asked = new Set<string>();
  const follow: Resolver = {
    async resolve({ question: { name } }) {
      asked.add(name.key);
      return recordsAnswer({});
    },
  };
  const names = Array.from({ length: 16 }, (_, index) => nsRecord('sub.k', `ns.victim${index}.example`));
  const referral = { name: Name.parse('www.sub.k'), servers: names as unknown as RRset, glue: [] };
  await failure(delegation(1, { follow }).resolve(referral, query(), fresh()));
  assert.equal(asked.size, 6);
});

test('an alias out of the zone goes on with the router, behind the alias', async () => {
  const aliased: Script = (q) =>
    reply(q, {
      flags: aa,
      answers: [cnameRecord('www.sub.k', 'b.example'), aRecord('b.example', '192.0.2.66')],
    });
  await using scene = await servers(aliased);
  const follow: Resolver = {
    async resolve({ question }, context) {
      assert.equal(context.aliasesFollowed, 4);
      return recordsAnswer({ answers: [{ ...aRecord('b.example'), name: question.name }] });
    },
  };
  const part = delegation(scene.port, { follow });
  const answer = await part.resolve(scene.referral, query(), { ...fresh(), aliasesFollowed: 3 });
  assert.deepEqual(toLines(answer), [
    'NOERROR',
    'www.sub.k. 600 IN CNAME b.example.',
    'b.example. 600 IN A 192.0.2.1',
  ]);
  await assert.rejects(
    part.resolve(scene.referral, query(), { ...fresh(), aliasesFollowed: 16 }),
    (error) => error instanceof ResolveError && error.kind === 'alias-loop',
  );
});

test('who asked and goes ends the work', async () => {
  await using scene = await servers(silent);
  const gone = new Cancellation();
  const work = delegation(scene.port).resolve(scene.referral, query(), { ...fresh(), cancellation: gone });
  await scene.list[0]?.waitFor(1);
  const reason = new ResolveError('out-of-time', 'gone');
  gone.cancel(reason);
  await assert.rejects(work, reason);
});

test('a packet cannot have this machine, this link, this resolver or a crowd asked', async () => {
  const strict: ServerAddressPolicy = {
    allowPrivate: true,
    allowLoopback: false,
    isOwnAddress: (address) => ['192.168.1.9', '203.0.113.9', 'fd00::9'].includes(address),
    whyOurs: (address, port) =>
      address === '192.168.1.1' && port === 53 ? 'is an address of ours' : undefined,
  };
  const cases: readonly (readonly [address: string, policy: ServerAddressPolicy, why: string | undefined])[] =
    [
      ['192.0.2.1', strict, undefined],
      ['192.168.1.2', strict, undefined],
      ['192.168.1.2', { ...strict, allowPrivate: false }, 'its address is private'],
      ['192.168.1.1', strict, 'it is an address of ours'],
      ['127.0.0.1', strict, 'its address is loopback'],
      ['127.0.0.1', { ...strict, allowLoopback: true }, undefined],
      ['192.168.1.9', strict, 'it is this machine'],
      ['203.0.113.9', strict, 'it is this machine'],
      ['203.0.113.9', { ...strict, allowLoopback: true }, undefined],
      ['0.0.0.0', strict, 'its address is loopback'],
      ['169.254.169.254', strict, 'its address is link-local'],
      ['224.0.0.251', strict, 'its address is multicast'],
      ['255.255.255.255', strict, 'its address is link-local'],
      ['198.18.0.1', { ...strict, allowPrivate: false }, 'its address is private'],
      ['192.0.0.9', { ...strict, allowPrivate: false }, 'its address is private'],
    ];
  for (const [address, policy, why] of cases) {
    const expected = why === undefined ? undefined : `is not queried because ${why}`;
    assert.equal(whyNotQueried(Uint8Array.from(address.split('.'), Number), 53, policy), expected, address);
  }
  const multicast = Uint8Array.from([0xff, 2, ...new Uint8Array(13), 0xfb]);
  assert.match(whyNotQueried(multicast, 53, strict) ?? '', /multicast/);
  const siteLocal = Uint8Array.from([0xfe, 0xc0, ...new Uint8Array(13), 1]);
  assert.match(whyNotQueried(siteLocal, 53, { ...strict, allowPrivate: false }) ?? '', /private/);

  for (const own of ['fd00::9', '::ffff:192.168.1.9']) {
    const octets = ipv6FromText(own);
    assert.ok(octets);
    assert.match(whyNotQueried(octets, 53, strict) ?? '', /this machine/, own);
  }

  await using scene = await servers(good);
  const { text } = await failure(
    delegation(scene.port, { policy: strict }).resolve(scene.referral, query(), fresh()),
  );
  assert.match(text, /loopback/);
  assert.deepEqual(questions(scene.list), [0]);
});

function soaOf(zone: string): ResourceRecord {
  const name = Name.parse(zone);
  const rdata = Uint8Array.from(Buffer.concat([name.toWire(), name.toWire(), Buffer.alloc(20, 1)]));
  return { name, type: Type.SOA, class: Class.IN, ttl: 60, rdata };
}
