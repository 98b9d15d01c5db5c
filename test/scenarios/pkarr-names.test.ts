import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { Class, Rcode, Type } from '../../src/dns/codes.ts';
import { decodeExtendedError } from '../../src/dns/extended-error.ts';
import type { Message } from '../../src/dns/message.ts';
import { Name } from '../../src/dns/name.ts';
import { type ResourceRecord, rdataName } from '../../src/dns/record.ts';
import { type AppScene, startAppScene } from '../support/app-scene.ts';
import { askUdp, query, TcpClient } from '../support/dns-client.ts';
import { aRecord, cnameRecord, signedPacket, testKey } from '../support/packets.ts';
import { a, reply } from '../support/scripted-upstream.ts';

const one = testKey(1);
const two = testKey(2);
const key = one.publicKey.text;
const otherKey = two.publicKey.text;
const edns = { udpPayloadSize: 1232, version: 0, dnssecOk: false, options: [] };
const now = Math.floor(Date.now() / 1000);

let scene: AppScene;
before(async () => {
  scene = await startAppScene();
  await scene.put(
    signedPacket(one, now, [
      aRecord(`www.${key}`, '192.0.2.10', 300),
      aRecord(`*.wild.${key}`, '192.0.2.11'),
      aRecord(`deep.empty.${key}`),
      cnameRecord(`alias.${key}`, `www.${key}`),
      cnameRecord(`across.${key}`, `www.${otherKey}`),
      cnameRecord(`out.${key}`, 'www.example.com.'),
      cnameRecord(`self.${key}`, `self.${key}`),
      cnameRecord(`root.${key}`, '.'),
      cnameRecord(`ping.${key}`, `pong.${otherKey}`),
      txtRecord(`text.${key}`, 400),
      { name: Name.parse(`odd.${key}`), type: 65_400, class: 1, ttl: 60, rdata: Uint8Array.of(1, 2, 3) },
    ]),
  );
  await scene.put(
    signedPacket(two, now, [
      aRecord(`www.${otherKey}`, '192.0.2.20'),
      cnameRecord(`pong.${otherKey}`, `ping.${key}`),
      txtRecord(`big.${otherKey}`, 250, 1),
      txtRecord(`big.${otherKey}`, 250, 2),
    ]),
  );
});
after(() => scene.close());

function txtRecord(name: string, length: number, fill = 0x41): ResourceRecord {
  const strings: Buffer[] = [];
  for (let left = length; left > 0; left -= 255) {
    const size = Math.min(left, 255);
    strings.push(Buffer.from([size]), Buffer.alloc(size, fill));
  }
  const rdata = Uint8Array.from(Buffer.concat(strings));
  return { name: Name.parse(name), type: Type.TXT, class: Class.IN, ttl: 60, rdata };
}

const ask = (name: string, type: number = Type.A) => askUdp(scene.server, query(name, type, { edns }));
const addresses = (message: Message) =>
  message.answers.filter(({ type }) => type === Type.A).map(({ rdata }) => rdata.join('.'));
const soaOwners = (message: Message) =>
  message.authorities.filter(({ type }) => type === Type.SOA).map(({ name }) => name.toString());
const extendedErrors = (message: Message) => message.edns?.options.map(decodeExtendedError);

test('an address comes from the packet of the key', async () => {
  const answer = await ask(`www.${key}`);
  assert.deepEqual(addresses(answer), ['192.0.2.10']);
  assert.equal(answer.flags.authoritative, true);
  assert.equal(answer.flags.recursionAvailable, true);
});

test('a key in upper case is the same key, and its case is echoed', async () => {
  const answer = await ask(`WWW.${key.toUpperCase()}`);
  assert.deepEqual(addresses(answer), ['192.0.2.10']);
  assert.equal(answer.answers[0]?.name.toString(), `WWW.${key.toUpperCase()}.`);
});

test('an alias inside the zone is followed', async () => {
  const answer = await ask(`alias.${key}`);
  assert.deepEqual(
    answer.answers.map(({ type }) => type),
    [Type.CNAME, Type.A],
  );
});

test('an alias to another key is followed into its packet', async () => {
  assert.deepEqual(addresses(await ask(`across.${key}`)), ['192.0.2.20']);
});

test('an alias to an ordinary name is followed upstream', async () => {
  const answer = await ask(`out.${key}`);
  assert.deepEqual(addresses(answer), ['192.0.2.1']);
  assert.equal(rdataName(answer.answers[0]?.rdata ?? new Uint8Array()).toString(), 'www.example.com.');
});

test('a wildcard answers in the name that was asked', async () => {
  const answer = await ask(`anything.wild.${key}`);
  assert.deepEqual(addresses(answer), ['192.0.2.11']);
  assert.equal(answer.answers[0]?.name.toString(), `anything.wild.${key}.`);
});

test('a TXT record of 400 octets and an unknown type come as they are', async () => {
  assert.equal((await ask(`text.${key}`, Type.TXT)).answers[0]?.rdata.length, 402);
  assert.deepEqual((await ask(`odd.${key}`, 65_400)).answers[0]?.rdata, Uint8Array.of(1, 2, 3));
});

test('NODATA, an empty non-terminal and NXDOMAIN are told apart, each with its SOA', async () => {
  const noData = await ask(`www.${key}`, Type.AAAA);
  const empty = await ask(`empty.${key}`);
  const none = await ask(`none.${key}`);
  assert.deepEqual(
    [noData, empty, none].map(({ rcode }) => rcode),
    [Rcode.NOERROR, Rcode.NOERROR, Rcode.NXDOMAIN],
  );
  for (const answer of [noData, empty, none]) {
    assert.equal(answer.answers.length, 0);
    assert.deepEqual(soaOwners(answer), [`${key}.`]);
  }
});

test('ANY is one RRset', async () => {
  const answer = await ask(`www.${key}`, Type.ANY);
  assert.equal(new Set(answer.answers.map(({ type }) => type)).size, 1);
});

test('an answer over 512 octets without EDNS is truncated over UDP and whole over TCP', async () => {
  const cut = await askUdp(scene.server, query(`big.${otherKey}`, Type.TXT));
  assert.deepEqual([cut.flags.truncated, cut.answers.length, cut.questions.length], [true, 0, 1]);
  const client = new TcpClient(scene.server);
  client.send(query(`big.${otherKey}`, Type.TXT));
  const whole = await client.next();
  client.socket.destroy();
  assert.deepEqual([whole?.flags.truncated, whole?.answers.length], [false, 2]);
});

for (const [what, name] of [
  ['itself', 'self'],
  ['another key and back', 'ping'],
] as const) {
  test(`an alias to ${what} is SERVFAIL with an extended error`, async () => {
    const answer = await ask(`${name}.${key}`);
    assert.equal(answer.rcode, Rcode.SERVFAIL);
    assert.match(extendedErrors(answer)?.[0]?.text ?? '', /Alias loop/);
  });
}

test('what looks like a key and is none is NXDOMAIN, and nothing leaves the machine', async () => {
  const aliasSpelling = `${key.slice(0, 51)}${key.endsWith('y') ? 'b' : 'e'}`;
  const offCurve = `${'n'.repeat(51)}y`;
  const smallOrder = 'y'.repeat(52);
  const upstreamBefore = scene.upstream.received.length;
  const lookupsBefore = (await scene.app.status()).packets.lookupsStarted;
  for (const label of [aliasSpelling, offCurve, smallOrder]) {
    const answer = await ask(`www.${label}`);
    assert.equal(answer.rcode, Rcode.NXDOMAIN, label);
    assert.match(extendedErrors(answer)?.[0]?.text ?? '', /Not a valid public key/);
    assert.deepEqual(soaOwners(answer), [`${label}.`]);
  }
  assert.equal(scene.upstream.received.length, upstreamBefore);
  assert.equal((await scene.app.status()).packets.lookupsStarted, lookupsBefore);
});

test('a key that nobody published under does not exist, and says so', async () => {
  const answer = await ask(`www.${testKey(99).publicKey.text}`);
  assert.equal(answer.rcode, Rcode.NXDOMAIN);
  assert.match(extendedErrors(answer)?.[0]?.text ?? '', /No signed packet is published/);
});

test('50 equal questions are one lookup', async () => {
  const third = testKey(3);
  await scene.put(signedPacket(third, now));
  const lookupsBefore = (await scene.app.status()).packets.lookupsStarted;
  const answers = await Promise.all(Array.from({ length: 50 }, () => ask(third.publicKey.text)));
  for (const answer of answers) assert.deepEqual(addresses(answer), ['192.0.2.1']);
  assert.equal((await scene.app.status()).packets.lookupsStarted, lookupsBefore + 1);
});

test('names that took other resolvers down leave this one answering', async () => {
  const longest = Name.fromLabels(['a'.repeat(63), 'b'.repeat(63), 'c'.repeat(63), 'd'.repeat(8), key]);
  assert.equal(longest.wireLength, 255);
  const names = [
    Name.fromLabels(['*', key, 'key']),
    Name.fromLabels(['a b', key]),
    Name.fromLabels(['foo-', key]),
    longest,
    Name.root,
    Name.parse(`root.${key}`),
  ];
  for (const name of names) {
    const message = query('x');
    const questions = [{ name, type: Type.A, class: Class.IN }];
    assert.equal((await askUdp(scene.server, { ...message, questions })).id, message.id, name.toString());
  }
});

test('an ordinary name goes upstream, once, and then comes from the cache with its TTL counting down', async () => {
  const before = scene.upstream.received.length;
  const first = await ask('www.example.org');
  const second = await ask('WWW.example.org');
  assert.deepEqual(addresses(first), ['192.0.2.1']);
  assert.ok((second.answers[0]?.ttl ?? 0) <= (first.answers[0]?.ttl ?? 0));
  assert.equal(second.answers[0]?.name.toString(), 'WWW.example.org.');
  assert.equal(second.flags.authoritative, false);
  assert.equal(scene.upstream.received.length, before + 1);
});

test('the right answer comes after a wrong id, a wrong question and a wrong port', async () => {
  const { upstream } = scene;
  const script = upstream.script;
  upstream.script = (received) => {
    const right = reply(received, { answers: [a(received, '192.0.2.99')] });
    const wrong = reply(received, { answers: [a(received, '192.0.2.66')] });
    const wrongId = Buffer.from(wrong);
    wrongId[0] = (wrongId[0] as number) ^ 0xff;
    const wrongName = Buffer.from(wrong);
    wrongName[13] = (wrongName[13] as number) ^ 1;
    return [
      { send: wrongId },
      { send: wrongName },
      { send: wrong, fromOtherPort: true },
      { send: right, afterMs: 30 },
    ];
  };
  try {
    assert.deepEqual(addresses(await ask('spoofed.example.org')), ['192.0.2.99']);
  } finally {
    upstream.script = script;
  }
});
