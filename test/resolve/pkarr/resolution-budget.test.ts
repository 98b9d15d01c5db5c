import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Cancellation } from '../../../src/async/cancellation.ts';
import { Rcode } from '../../../src/dns/codes.ts';
import { UpstreamFailure } from '../../../src/forward/errors.ts';
import type { SignedPacket } from '../../../src/pkarr/signed-packet.ts';
import { recordsAnswer, toRecords } from '../../../src/resolve/answer.ts';
import { ResolveError } from '../../../src/resolve/errors.ts';
import { Delegation } from '../../../src/resolve/pkarr/delegation.ts';
import { PkarrResolver } from '../../../src/resolve/pkarr/pkarr-resolver.ts';
import type { Resolver } from '../../../src/resolve/query.ts';
import { createRouter } from '../../../src/resolve/router.ts';
import { packetOf, testKeyPair } from '../../pkarr/packets.ts';
import { queryFor } from '../layers.ts';

const keyText = (n: number) => testKeyPair(n).publicKey.text;

/** Packets by the number of their key, and a router that answers from them and counts the keys that it reads. */
function zones(texts: Readonly<Record<number, string>>) {
  const packets = new Map<string, SignedPacket>();
  for (const [n, text] of Object.entries(texts)) {
    packets.set(keyText(Number(n)), packetOf(text, testKeyPair(Number(n))));
  }
  const read: string[] = [];
  const router: Resolver = createRouter({
    pkarr: { resolve: (key, query, context) => pkarr.resolve(key, query, context) },
    ordinary: { resolve: async () => recordsAnswer({ rcode: Rcode.NXDOMAIN }) },
    negativeTtl: 60,
  });
  const pkarr = new PkarrResolver({
    packetReader: {
      async read(key) {
        read.push(key.text);
        const packet = packets.get(key.text);
        if (packet === undefined) return { kind: 'absent', seconds: 60 };
        return { kind: 'found', packet, stale: false, timeToLive: 300 };
      },
    },
    follow: router,
    delegation: new Delegation({
      authority: { ask: () => Promise.reject(new UpstreamFailure('refused', 'refuses connections')) },
      follow: router,
      policy: {
        allowPrivate: true,
        allowLoopback: true,
        isOwnAddress: () => false,
        whyOurs: () => undefined,
      },
    }),
    negativeTtl: 60,
  });
  return {
    /** The keys that were read, each once. */
    keys: () => new Set(read).size,
    ask: async (name: string, type?: string) =>
      toRecords(
        await router.resolve(queryFor(name, type), {
          cancellation: new Cancellation(),
          aliasesFollowed: 0,
        }),
      ),
  };
}

/** Aliases from each key to the next one, from `first` on over `count` keys. */
function chain(first: number, count: number): Record<number, string> {
  const numbers = Array.from({ length: count }, (_, i) => first + i);
  return Object.fromEntries(numbers.map((n) => [n, `@ 300 IN CNAME ${keyText(n + 1)}.`]));
}

test('a chain over as many keys as aliases may be followed needs no more than the budget', async () => {
  const { keys, ask } = zones({ ...chain(1, 16), 17: '@ 300 IN A 192.0.2.1' });
  assert.equal((await ask(keyText(1))).answers.at(-1)?.rdata.join('.'), '192.0.2.1');
  assert.equal(keys(), 17);
});

test('name servers whose names are chains over keys cost one budget together', async () => {
  const heads = Array.from({ length: 12 }, (_, i) => 2 + i * 16);
  const texts: Record<number, string> = {
    1: heads.map((n) => `d 300 IN NS ${keyText(n)}.`).join('\n'),
    ...Object.assign({}, ...heads.map((n) => chain(n, 15))),
  };
  const { keys, ask } = zones(texts);
  await assert.rejects(ask(`d.${keyText(1)}`), (error) => {
    assert.ok(error instanceof ResolveError);
    assert.equal(error.kind, 'delegation');
    assert.match(error.message, /too many keys/);
    return true;
  });
  assert.ok(keys() <= 20, `${keys()} keys`);
});

test('aliases before a delegation and those of its name servers count together', async () => {
  const texts: Record<number, string> = {
    ...chain(1, 10),
    11: `@ 300 IN CNAME d.${keyText(12)}.`,
    12: `d 300 IN NS ${keyText(20)}.\nd 300 IN NS ${keyText(40)}.`,
    ...chain(20, 15),
    ...chain(40, 15),
  };
  const { keys, ask } = zones(texts);
  await assert.rejects(ask(keyText(1)), (error) => error instanceof ResolveError);
  assert.ok(keys() > 12 && keys() <= 20, `${keys()} keys`);
});

test('delegations that fan out over keys cost one budget', async () => {
  const list = (from: number) => Array.from({ length: 6 }, (_, i) => from + i);
  const servers = (numbers: readonly number[]) =>
    numbers.map((n) => `d 300 IN NS d.${keyText(n)}.`).join('\n');
  const texts: Record<number, string> = { 1: servers(list(2)) };
  for (const n of list(2)) {
    texts[n] = servers(list(8 + (n - 2) * 6));
    for (const m of list(8 + (n - 2) * 6)) texts[m] = servers(list(60 + (m % 20) * 6));
  }
  const { keys, ask } = zones(texts);
  await assert.rejects(ask(`d.${keyText(1)}`), (error) => error instanceof ResolveError);
  assert.ok(keys() <= 20, `${keys()} keys`);
});

test('a key that is read again and again counts once, and each resolution has a budget of its own', async () => {
  const { keys, ask } = zones({
    1: `svc 300 IN HTTPS 0 ${keyText(2)}.`,
    2: '@ 300 IN HTTPS 1 . alpn=h2',
  });
  for (let i = 0; i < 30; i++) assert.equal((await ask(`svc.${keyText(1)}`, 'HTTPS')).answers.length, 1);
  assert.equal(keys(), 2);
});

test('HTTPS aliases in a loop or over more keys than allowed are answered, each record once', async () => {
  const to = (n: number) => `@ 300 IN HTTPS 0 ${keyText(n)}.`;
  const long = Object.fromEntries(Array.from({ length: 30 }, (_, i) => [100 + i, to(101 + i)]));
  const { ask } = zones({ 1: to(1), 2: to(3), 3: to(4), 4: to(2), ...long });
  for (const [first, most] of [
    [1, 0],
    [2, 2],
    [100, 9],
  ] as const) {
    const { rcode, answers, additionals } = await ask(keyText(first), 'HTTPS');
    assert.deepEqual([rcode, answers.length], [Rcode.NOERROR, 1]);
    const owners = additionals.map(({ name }) => name.key);
    assert.ok(owners.length <= most && new Set(owners).size === owners.length, owners.join(' '));
  }
});
