import assert from 'node:assert/strict';
import { after, before, type TestContext, test } from 'node:test';
import { Rcode, Type } from '../../src/dns/codes.ts';
import { decodeExtendedError, ExtendedErrorCode } from '../../src/dns/extended-error.ts';
import type { Message } from '../../src/dns/message.ts';
import type { ResourceRecord } from '../../src/dns/record.ts';
import { type AppScene, startAppScene } from '../support/app-scene.ts';
import { askUdp, query, TcpClient } from '../support/dns-client.ts';
import { type Knot, startKnot, whyNoKnot } from '../support/knot.ts';
import { ownTime } from '../support/own-time.ts';
import { aRecord, cnameRecord, signedPacket, testKey } from '../support/packets.ts';
import {
  a,
  answerAll,
  reply,
  type ScriptedUpstream,
  startScriptedUpstream,
} from '../support/scripted-upstream.ts';

const [one, two, three] = [testKey(11), testKey(12), testKey(13)];
const [key, otherKey, loopKey] = [one.publicKey.text, two.publicKey.text, three.publicKey.text];
const edns = { udpPayloadSize: 1232, version: 0, dnssecOk: false, options: [] };
const now = Math.floor(Date.now() / 1000);

/** Name servers stand at port 53, so each has a loopback address of its own. */
const knotAddress = '127.0.0.77';
const scriptedAddress = '127.0.0.78';
const reason = (await whyNoKnot(knotAddress)) ?? (await whyNoKnot(scriptedAddress));

const ns = (name: string, server: string): ResourceRecord => ({
  ...cnameRecord(name, server),
  type: Type.NS,
});

const zone = (name: string, ...lines: readonly string[]) => [
  `$ORIGIN ${name}.`,
  '$TTL 600',
  '@ SOA ns hostmaster 1 3600 600 86400 120',
  '@ NS ns',
  `ns A ${knotAddress}`,
  ...lines,
];

let scene: AppScene;
let knot: Knot;
let scripted: ScriptedUpstream;

before(async () => {
  if (reason !== undefined) return;
  const long = Array.from({ length: 8 }, (_, index) => `long TXT "${String(index).repeat(250)}"`);
  const sub = `sub.${key}`;
  knot = await startKnot(knotAddress, [
    {
      name: sub,
      lines: zone(
        sub,
        'www A 192.0.2.30',
        'www TXT "from knot"',
        'deep.empty A 192.0.2.31',
        '*.wild A 192.0.2.32',
        'alias CNAME www',
        `up CNAME top.${key}.`,
        `across CNAME www.${otherKey}.`,
        'out CNAME www.example.com.',
        'self CNAME self',
        `www.${otherKey} A 192.0.2.33`,
        'dname DNAME elsewhere',
        'x.elsewhere A 192.0.2.34',
        'further NS ns.further',
        `ns.further A ${scriptedAddress}`,
        ...long,
      ),
    },
    { name: `signed.${key}`, lines: zone(`signed.${key}`, 'www A 192.0.2.35'), isSigned: true },
    { name: `bare.${key}`, lines: zone(`bare.${key}`, 'www A 192.0.2.36') },
    { name: `far.${key}`, lines: zone(`far.${key}`, 'www A 192.0.2.37') },
  ]);
  scripted = await startScriptedUpstream({ address: scriptedAddress, port: 53 });
  scene = await startAppScene({ settings: { pkarrLoopback: 'allow', coldKeyRate: 1000 } });
  scene.upstream.script = (received) => {
    if (/^ns\.example\.net$/i.test(received.name)) {
      const isA = received.question.type === Type.A;
      return reply(received, { answers: isA ? [a(received, knotAddress)] : [] });
    }
    if (/^alias\.example\.org$/i.test(received.name)) {
      const alias = { ...cnameRecord('x', `www.sub.${key}`), name: received.question.name };
      return reply(received, { rcode: Rcode.NXDOMAIN, answers: [alias] });
    }
    return answerAll(received);
  };
  await scene.put(
    signedPacket(one, now, [
      ns(`sub.${key}`, `ns.sub.${key}`),
      aRecord(`ns.sub.${key}`, knotAddress, 300),
      ns(`signed.${key}`, `ns.sub.${key}`),
      ns(`bare.${key}`, 'ns.example.net'),
      ns(`far.${key}`, `ns.${otherKey}`),
      ns(`bad.${key}`, `bad-ns.${key}`),
      aRecord(`bad-ns.${key}`, scriptedAddress),
      aRecord(`top.${key}`, '192.0.2.40'),
      cnameRecord(`into.${key}`, `www.sub.${key}`),
    ]),
  );
  await scene.put(
    signedPacket(two, now, [
      aRecord(`www.${otherKey}`, '192.0.2.50'),
      aRecord(`ns.${otherKey}`, knotAddress),
      ns(`circle.${otherKey}`, `ns.circle.${loopKey}`),
    ]),
  );
  await scene.put(signedPacket(three, now, [ns(`circle.${loopKey}`, `ns.circle.${otherKey}`)]));
});
after(async () => {
  if (reason !== undefined) return;
  await scene.close();
  await scripted.close();
  await knot.close();
});

const ask = (name: string, type: number = Type.A, bits = edns) =>
  askUdp(scene.server, query(name, type, { edns: bits }));
const addresses = (message: Message) =>
  message.answers.filter(({ type }) => type === Type.A).map(({ rdata }) => rdata.join('.'));
const soaOwners = (message: Message) =>
  message.authorities.filter(({ type }) => type === Type.SOA).map(({ name }) => name.toString());
const extendedErrors = (message: Message) => message.edns?.options.map(decodeExtendedError);

function story(name: string, run: (context: TestContext) => Promise<void>): void {
  test(name, { ...(reason !== undefined && { skip: reason }) }, run);
}

story(
  'the answers of the servers that a packet delegates to come through, and are not ours to call so',
  async () => {
    const answer = await ask(`www.sub.${key}`);
    assert.deepEqual(addresses(answer), ['192.0.2.30']);
    assert.equal(answer.rcode, Rcode.NOERROR);
    assert.equal(answer.flags.authoritative, false);
    const text = await ask(`www.sub.${key}`, Type.TXT);
    assert.equal(Buffer.from(text.answers[0]?.rdata ?? []).toString('latin1'), '\x09from knot');
    assert.deepEqual(addresses(await ask(`any.wild.sub.${key}`)), ['192.0.2.32']);
    assert.deepEqual(addresses(await ask(`x.dname.sub.${key}`)), ['192.0.2.34']);
  },
);

story('the name at the delegation itself is its zone, and SOA and NS are those of the servers', async () => {
  const soa = await ask(`sub.${key}`, Type.SOA);
  assert.deepEqual(
    soa.answers.map(({ name, type }) => `${name} ${type}`),
    [`sub.${key}. ${Type.SOA}`],
  );
  assert.equal((await ask(`sub.${key}`, Type.NS)).answers.length, 1);
});

story('NODATA, an empty non-terminal and NXDOMAIN have the SOA of the delegated zone', async () => {
  const noData = await ask(`www.sub.${key}`, Type.AAAA);
  const empty = await ask(`empty.sub.${key}`);
  const none = await ask(`none.sub.${key}`);
  assert.deepEqual(
    [noData, empty, none].map(({ rcode }) => rcode),
    [Rcode.NOERROR, Rcode.NOERROR, Rcode.NXDOMAIN],
  );
  for (const answer of [noData, empty, none]) {
    assert.equal(answer.answers.length, 0);
    assert.deepEqual(soaOwners(answer), [`sub.${key}.`]);
    assert.ok((answer.authorities[0]?.ttl ?? Number.NaN) <= 120);
  }
});

story('what does not fit into a datagram comes over TCP, from the server and to the client', async () => {
  const name = `long.sub.${key}`;
  assert.equal((await ask(name, Type.TXT)).flags.truncated, true);
  const client = new TcpClient(scene.server);
  client.send(query(name, Type.TXT));
  const whole = await client.next();
  client.socket.destroy();
  assert.equal(whole?.answers.length, 8);
});

story('aliases in the zone, to the packet, to another key and to an ordinary name are followed', async () => {
  assert.deepEqual(addresses(await ask(`alias.sub.${key}`)), ['192.0.2.30']);
  assert.deepEqual(addresses(await ask(`up.sub.${key}`)), ['192.0.2.40']);
  assert.deepEqual(addresses(await ask(`across.sub.${key}`)), ['192.0.2.50']);
  assert.deepEqual(addresses(await ask(`out.sub.${key}`)), ['192.0.2.1']);
  const into = await ask(`into.${key}`);
  assert.deepEqual(addresses(into), ['192.0.2.30']);
  assert.equal(into.flags.authoritative, true);
});

story('a key as a label of a delegated zone is a label: the last one decides', async () => {
  assert.deepEqual(addresses(await ask(`www.${otherKey}.sub.${key}`)), ['192.0.2.33']);
  assert.equal((await ask(`none.${otherKey}.sub.${key}`)).rcode, Rcode.NXDOMAIN);
});

story('servers without glue are looked up: ordinary names upstream, names of keys in packets', async () => {
  assert.deepEqual(addresses(await ask(`www.bare.${key}`)), ['192.0.2.36']);
  assert.deepEqual(addresses(await ask(`www.far.${key}`)), ['192.0.2.37']);
});

story('signatures come to those who ask for them', async () => {
  const plain = await ask(`www.signed.${key}`);
  const signed = await ask(`www.signed.${key}`, Type.A, { ...edns, dnssecOk: true });
  const absent = await ask(`none.signed.${key}`, Type.A, { ...edns, dnssecOk: true });
  assert.deepEqual(
    plain.answers.map(({ type }) => type),
    [Type.A],
  );
  assert.deepEqual(
    signed.answers.map(({ type }) => type),
    [Type.A, Type.RRSIG],
  );
  assert.equal(absent.rcode, Rcode.NXDOMAIN);
  assert.ok(absent.authorities.some(({ type }) => type === Type.NSEC));
});

story('a delegation further down is followed', async () => {
  scripted.script = (received) =>
    reply(received, { answers: [a(received, '192.0.2.60')], flags: { authoritative: true } });
  assert.deepEqual(addresses(await ask(`www.further.sub.${key}`)), ['192.0.2.60']);
});

story('a key under a suffix is answered in the name that was asked, delegated or not', async () => {
  const top = await ask(`top.${key}.key`);
  assert.deepEqual(
    top.answers.map(({ name, type }) => `${name} ${type}`),
    [`top.${key}.key. ${Type.A}`],
  );
  const alias = await ask(`alias.sub.${key}.key`);
  assert.deepEqual(
    alias.answers.map(({ name }) => name.toString()),
    [`alias.sub.${key}.key.`, `www.sub.${key}.key.`],
  );
  assert.deepEqual(soaOwners(await ask(`none.${key}.key`)), [`${key}.key.`]);
  const before = scene.upstream.received.length;
  assert.equal((await ask(`www.${'n'.repeat(51)}y.key`)).rcode, Rcode.NXDOMAIN);
  assert.equal(scene.upstream.received.length, before);
});

story('an ordinary name whose alias leads to a key is completed, through the delegation too', async () => {
  const answer = await ask('alias.example.org');
  assert.equal(answer.rcode, Rcode.NOERROR);
  assert.deepEqual(
    answer.answers.map(({ name }) => name.toString()),
    ['alias.example.org.', `www.sub.${key}.`],
  );
  assert.deepEqual(addresses(answer), ['192.0.2.30']);
  assert.deepEqual(answer.authorities, []);
});

for (const [what, label, script] of [
  ['lame', 'lame', (q) => reply(q, { rcode: Rcode.REFUSED })],
  ['silent', 'silent', () => undefined],
  [
    'referring to itself',
    'circle',
    (q) => reply(q, { authorities: [ns(`bad.${key}`, `bad-ns.${key}`)], flags: { authoritative: false } }),
  ],
] as readonly (readonly [string, string, ScriptedUpstream['script']])[]) {
  story(`a server that is ${what} ends in SERVFAIL with an extended error within 4.5 s`, async () => {
    scripted.script = script;
    const { value: answer, ms } = await ownTime(() => ask(`${label}.bad.${key}`));
    assert.ok(ms < 4_500, `${ms} ms`);
    assert.equal(answer.rcode, Rcode.SERVFAIL);
    const [error] = extendedErrors(answer) ?? [];
    assert.equal(error?.code, ExtendedErrorCode.NO_REACHABLE_AUTHORITY);
    assert.match(error?.text ?? '', /No name server/);
  });
}

story(
  'zones of two keys whose servers are in each other end in SERVFAIL with an extended error',
  async () => {
    const { value: answer, ms } = await ownTime(() => ask(`www.circle.${otherKey}`));
    assert.ok(ms < 4_500, `${ms} ms`);
    assert.equal(answer.rcode, Rcode.SERVFAIL);
    assert.equal(extendedErrors(answer)?.[0]?.code, ExtendedErrorCode.NO_REACHABLE_AUTHORITY);
  },
);

story('a packet cannot have services of this machine asked, as it comes', async () => {
  const strict = await startAppScene();
  try {
    await strict.put(
      signedPacket(one, now, [ns(`sub.${key}`, `ns.${key}`), aRecord(`ns.${key}`, scriptedAddress)]),
    );
    const before = scripted.received.length;
    const answer = await askUdp(strict.server, query(`www.sub.${key}`, Type.A, { edns }));
    assert.equal(answer.rcode, Rcode.SERVFAIL);
    assert.match(extendedErrors(answer)?.[0]?.text ?? '', /loopback/);
    assert.equal(scripted.received.length, before);
  } finally {
    await strict.close();
  }
});
