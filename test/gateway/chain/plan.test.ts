import assert from 'node:assert/strict';
import { test } from 'node:test';
import { PacketWalk } from '../../../src/gateway/chain/packet-walk.ts';
import {
  type DefaultPorts,
  defaultPorts,
  type Endpoint,
  endpointOf,
  planSite,
  type SitePlan,
} from '../../../src/gateway/chain/plan.ts';
import { SeenPackets } from '../../../src/gateway/chain/seen-packets.ts';
import { GatewayFailure } from '../../../src/gateway/failure/failure.ts';
import { readSiteHost } from '../../../src/gateway/site-host.ts';
import type { KeyPair } from '../../../src/pkarr/key-pair.ts';
import { testKey } from '../../support/packets.ts';
import { packetOf } from '../key-site.ts';
import { KnownPackets } from '../known-packets.ts';

const [key, other, third] = [testKey(1), testKey(2), testKey(3)];

/** Plans sites over packets. */
class Planner {
  readonly lookups = new KnownPackets();
  readonly seen = new SeenPackets();
  random = () => 0;

  publish(pair: KeyPair, zone: string, seconds = 1): this {
    this.lookups.put(packetOf(pair, zone, seconds));
    return this;
  }

  async plan(name: string): Promise<{ readonly plan: SitePlan; readonly walk: PacketWalk }> {
    const found = readSiteHost(`${name}.localhost`);
    assert.ok(found.kind === 'site');
    const walk = new PacketWalk(this.lookups, new AbortController().signal);
    const { seen, random } = this;
    const ports: DefaultPorts = defaultPorts;
    return { plan: await planSite(found.site, walk, { seen, random, ports }), walk };
  }

  /** Kind of the plan and all endpoints, each as `KEY's number, port, addresses`. */
  async outcome(name: string): Promise<readonly [kind: string, ...endpoints: string[]]> {
    const { plan, walk } = await this.plan(name);
    const texts: string[] = [];
    for (const candidate of plan.candidates) texts.push(endpointText(await endpointOf(candidate, walk)));
    return [plan.kind, ...texts];
  }

  async failure(name: string): Promise<string> {
    try {
      return (await this.outcome(name)).join(' | ');
    } catch (error) {
      assert.ok(error instanceof GatewayFailure, String(error));
      return error.kind;
    }
  }
}

function endpointText({ key: counts, keys, port, addresses }: Endpoint): string {
  const number = (text: string) =>
    [key, other, third].findIndex(({ publicKey }) => publicKey.text === text) + 1;
  const way = keys.map(({ text }) => number(text)).join('>');
  return `key ${number(counts.text)} by ${way}, port ${port}: ${addresses.join(' ')}`;
}

test('an HTTPS record of the key leads to its own addresses over TLS, IPv6 first', async () => {
  const planner = new Planner().publish(key, '@ HTTPS 1 . port=8443\n@ A 1.1.1.1\n@ AAAA 2a00::1');
  assert.deepEqual(await planner.outcome(`${key.publicKey}`), [
    'verified',
    'key 1 by 1, port 8443: 2a00::1 1.1.1.1',
  ]);
});

test('without an HTTPS record the site is in the clear, at port 80', async () => {
  const planner = new Planner().publish(key, '@ HTTPS 1 .\n@ A 1.1.1.1\nwww A 2.2.2.2');
  assert.deepEqual(await planner.outcome(`www.${key.publicKey}`), ['plain', 'key 1 by 1, port 80: 2.2.2.2']);
});

test('the key of the last packet counts, whichever signed alias leads to it', async () => {
  const target = '@ HTTPS 1 . port=8443\n@ A 1.1.1.1\na HTTPS 1 .\na A 2.2.2.2';
  for (const [zone, name, expected] of [
    [`www CNAME ${other.publicKey}.`, 'www.', 'key 2 by 1>2, port 8443: 1.1.1.1'],
    [`sub DNAME ${other.publicKey}.`, 'a.sub.', 'key 2 by 1>2, port 443: 2.2.2.2'],
    [`@ HTTPS 0 ${other.publicKey}.`, '', 'key 2 by 1>2, port 8443: 1.1.1.1'],
    [`@ HTTPS 1 ${other.publicKey}.`, '', 'key 2 by 1>2, port 443: 1.1.1.1'],
    [`@ HTTPS 1 a.${other.publicKey}. port=99\n@ A 9.9.9.9`, '', 'key 2 by 1>2, port 99: 2.2.2.2'],
    // There and back: the last is the first.
    [
      `www CNAME b.${other.publicKey}.\nback HTTPS 1 .\nback A 3.3.3.3`,
      'www.',
      'key 1 by 1>2>1, port 443: 3.3.3.3',
    ],
  ] as const) {
    const planner = new Planner()
      .publish(key, zone)
      .publish(other, `${target}\nb CNAME back.${key.publicKey}.`);
    assert.deepEqual(await planner.outcome(`${name}${key.publicKey}`), ['verified', expected], zone);
  }
});

test('the addresses of a target may be another alias away, and then that key counts', async () => {
  const planner = new Planner()
    .publish(key, `@ HTTPS 1 ${other.publicKey}.`)
    .publish(other, `@ CNAME ${third.publicKey}.`)
    .publish(third, '@ A 3.3.3.3');
  assert.deepEqual(await planner.outcome(`${key.publicKey}`), [
    'verified',
    'key 3 by 1>2>3, port 443: 3.3.3.3',
  ]);
});

test('after an ordinary name nothing counts but the addresses: no record of it, and no key', async () => {
  const planner = new Planner();
  planner.lookups.name('example.com', '9.9.9.9');
  planner.publish(key, '@ CNAME example.com.\ntls HTTPS 0 example.com.\nsvc HTTPS 1 example.com. port=8443');
  assert.deepEqual(await planner.outcome(`${key.publicKey}`), ['plain', 'key 1 by 1, port 80: 9.9.9.9']);
  assert.deepEqual(await planner.outcome(`tls.${key.publicKey}`), [
    'verified',
    'key 1 by 1, port 443: 9.9.9.9',
  ]);
  assert.deepEqual(await planner.outcome(`svc.${key.publicKey}`), [
    'verified',
    'key 1 by 1, port 8443: 9.9.9.9',
  ]);
});

test('a delegated name is an ordinary one: its name servers sign nothing', async () => {
  const planner = new Planner().publish(key, 'sub NS ns.example.com.');
  planner.lookups.name(`www.sub.${key.publicKey}`, '9.9.9.9');
  assert.deepEqual(await planner.outcome(`www.sub.${key.publicKey}`), [
    'plain',
    'key 1 by 1, port 80: 9.9.9.9',
  ]);
});

test('AliasMode wins over ServiceMode in one set, and leads on until there is no further record', async () => {
  const planner = new Planner()
    .publish(key, `@ HTTPS 1 . port=1234\n@ HTTPS 0 x.${other.publicKey}.\n@ A 1.1.1.1`)
    .publish(other, 'x A 2.2.2.2');
  assert.deepEqual(await planner.outcome(`${key.publicKey}`), [
    'verified',
    'key 2 by 1>2, port 443: 2.2.2.2',
  ]);
});

test('AliasMode to the root says that there is no site', async () => {
  const planner = new Planner().publish(key, '@ HTTPS 0 .\n@ A 1.1.1.1');
  assert.equal(await planner.failure(`${key.publicKey}`), 'not-offered');
});

test('records are tried by priority, and by lot among equals', async () => {
  const zone = ['@ HTTPS 2 . port=2', '@ HTTPS 1 . port=1', '@ HTTPS 2 . port=3', '@ A 1.1.1.1'].join('\n');
  const ports = async (lots: readonly number[]) => {
    const planner = new Planner().publish(key, zone);
    const left = [...lots];
    planner.random = () => left.shift() ?? 0;
    return (await planner.plan(`${key.publicKey}`)).plan.candidates.map(({ port }) => port);
  };
  // The first lot is that of an AliasMode record, of which there is none.
  assert.deepEqual(await ports([0, 0.1, 0.5, 0.9]), [1, 2, 3]);
  assert.deepEqual(await ports([0, 0.9, 0.5, 0.1]), [1, 3, 2]);
});

test('a record that demands what we do not know, or no HTTP/1.1, is passed over', async () => {
  for (const [parameters, isUsed] of [
    ['alpn=h2', true],
    ['alpn=h2,http/1.1 no-default-alpn', true],
    ['alpn=h2 no-default-alpn', false],
    ['mandatory=port port=5', true],
    ['mandatory=alpn,port alpn=h3 port=5', true],
    ['mandatory=ech ech=AAAA', false],
    ['ech=AAAA', true],
    ['mandatory=key667 key667=x', false],
    ['key667=x', true],
  ] as const) {
    const planner = new Planner().publish(key, `@ HTTPS 1 . ${parameters}\n@ A 1.1.1.1`);
    assert.equal((await planner.failure(`${key.publicKey}`)) !== 'not-compatible', isUsed, parameters);
  }
});

test('hints are addresses beside those of the target, and stand for it when its packet is not found', async () => {
  const planner = new Planner().publish(
    key,
    `@ HTTPS 1 . ipv4hint=5.5.5.5 ipv6hint=2a00::5\n@ A 1.1.1.1\nx HTTPS 1 ${other.publicKey}. ipv4hint=6.6.6.6`,
  );
  assert.deepEqual(await planner.outcome(`${key.publicKey}`), [
    'verified',
    'key 1 by 1, port 443: 1.1.1.1 2a00::5 5.5.5.5',
  ]);
  // The alias names the key, so its server has it.
  assert.deepEqual(await planner.outcome(`x.${key.publicKey}`), [
    'verified',
    'key 2 by 1>2, port 443: 6.6.6.6',
  ]);
});

test('no more than 16 aliases, and no loop, in a packet, over keys, and with HTTPS records', async () => {
  const loop = new Planner()
    .publish(
      key,
      `@ CNAME ${other.publicKey}.\nself HTTPS 0 self2\nself2 HTTPS 0 self\nin CNAME in2\nin2 CNAME in`,
    )
    .publish(other, `@ CNAME ${key.publicKey}.`);
  for (const name of ['', 'self.', 'in.'])
    assert.equal(await loop.failure(`${name}${key.publicKey}`), 'loop', name);
  const steps = (count: number) =>
    Array.from({ length: count }, (_, i) => `n${i} CNAME n${i + 1}`).join('\n');
  const chain = new Planner().publish(key, `${steps(17)}\nn17 A 1.1.1.1`);
  assert.equal(await chain.failure(`n0.${key.publicKey}`), 'loop');
  assert.equal(await chain.failure(`n1.${key.publicKey}`), 'plain | key 1 by 1, port 80: 1.1.1.1');
});

test('a key that is none at the end of an alias is asked of nobody', async () => {
  const bad = `${'y'.repeat(52)}`;
  const planner = new Planner().publish(key, `@ CNAME ${bad}.`);
  assert.equal(await planner.failure(`${key.publicKey}`), 'bad-target');
  assert.deepEqual(planner.lookups.asked, [key.publicKey.text]);
});

test('that nothing is published, that it is not valid, and that nobody could be asked are three things', async () => {
  const planner = new Planner();
  assert.equal(await planner.failure(`${key.publicKey}`), 'nothing-published');
  planner.lookups.fail('unusable');
  assert.equal(await planner.failure(`${key.publicKey}`), 'unusable-packet');
  planner.lookups.fail('offline');
  assert.equal(await planner.failure(`${key.publicKey}`), 'offline');
});

test('once an HTTPS record was seen, an older packet without one is not fetched in the clear, and a newer one is', async () => {
  const planner = new Planner().publish(key, '@ HTTPS 1 .\n@ A 1.1.1.1', 100);
  assert.equal((await planner.plan(`${key.publicKey}`)).plan.kind, 'verified');
  planner.publish(key, '@ A 6.6.6.6', 99);
  assert.equal(await planner.failure(`${key.publicKey}`), 'clear-refused');
  planner.publish(key, '@ A 2.2.2.2', 101);
  assert.equal((await planner.plan(`${key.publicKey}`)).plan.kind, 'plain');
});

test('an older packet of any key on the way refuses the clear', async () => {
  const planner = new Planner()
    .publish(key, `@ CNAME ${other.publicKey}.`, 100)
    .publish(other, '@ HTTPS 1 .\n@ A 1.1.1.1', 100);
  assert.equal((await planner.plan(`${key.publicKey}`)).plan.kind, 'verified');
  planner.publish(other, '@ A 6.6.6.6', 99);
  assert.equal(await planner.failure(`${key.publicKey}`), 'clear-refused');
});

test('plans are the same while the packets are', async () => {
  const planner = new Planner().publish(key, '@ HTTPS 1 .\n@ A 1.1.1.1', 100);
  const first = (await planner.plan(`${key.publicKey}`)).plan.id;
  assert.equal((await planner.plan(`${key.publicKey}`)).plan.id, first);
  planner.publish(key, '@ HTTPS 1 .\n@ A 1.1.1.2', 101);
  assert.notEqual((await planner.plan(`${key.publicKey}`)).plan.id, first);
});
