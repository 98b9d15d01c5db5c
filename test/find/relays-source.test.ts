import assert from 'node:assert/strict';
import { test } from 'node:test';
import { SourceError, type SourceEvent } from '../../src/find/packet-source.ts';
import { relaysSource } from '../../src/find/relays-source.ts';
import type { PublicKey } from '../../src/pkarr/public-key.ts';
import { createRelayClient, type RelayClient } from '../../src/relay/client.ts';
import { type RelayServer, startRelayServer } from '../relay/relay-server.ts';
import { signedPacket, testKey } from '../support/packets.ts';

const never = new AbortController().signal;
const keys = Array.from({ length: 12 }, (_, n) => testKey(n + 1));
const packets = new Map(keys.map((key) => [key.publicKey.text, signedPacket(key, 100)]));

/** Relays that hold all packets, each as quick as `perSecond` says, and the source over them. */
async function withRelays(
  perSecond: readonly number[],
  use: (
    lookUp: (key: PublicKey) => Promise<readonly SourceEvent[]>,
    servers: readonly RelayServer[],
  ) => Promise<void>,
): Promise<void> {
  const timers: NodeJS.Timeout[] = [];
  const servers = await Promise.all(
    perSecond.map(async (rate) => {
      // As the quota of a real relay: a bucket of so many, filled evenly.
      let tokens = rate;
      const fill = () => {
        tokens = Math.min(rate, tokens + 1);
      };
      if (rate > 0) timers.push(setInterval(fill, 1000 / rate));
      return await startRelayServer(({ path }, reply) => {
        if (tokens < 1) return void reply.writeHead(429, { 'retry-after': rate > 0 ? '0' : '3600' }).end();
        tokens--;
        const packet = packets.get(path.slice(1));
        if (packet === undefined) reply.writeHead(404).end();
        else reply.end(packet.toRelayPayload());
      });
    }),
  );
  const clients = servers.map(({ url }) =>
    createRelayClient({
      url: new URL(url),
      resolveHost: async (host) => [host],
      now: () => performance.now(),
      nowWall: () => Date.now(),
    }),
  );
  const source = relaysSource(clients as [RelayClient, ...RelayClient[]]);
  const lookUp = async (key: PublicKey) => {
    const all: SourceEvent[] = [];
    for await (const event of source.lookup(key, { signal: never })) all.push(event);
    return all;
  };
  try {
    await use(lookUp, servers);
  } finally {
    for (const timer of timers) clearInterval(timer);
    for (const client of clients) client.close();
    await Promise.all(servers.map((server) => server.close()));
  }
}

const isFound = (events: readonly SourceEvent[]) => events.some(({ kind }) => kind === 'packet');

test('several relays share the load, and a key is asked of the same one each time', async () => {
  await withRelays([1000, 1000, 1000], async (lookUp, servers) => {
    for (let round = 0; round < 3; round++) for (const { publicKey } of keys) await lookUp(publicKey);
    const asked = servers.map(({ requests }) => requests.map(({ path }) => path));
    for (const paths of asked) assert.ok(paths.length > 0 && paths.length < 36, `${paths.length}`);
    const all = asked.flatMap((paths) => [...new Set(paths)]);
    assert.equal(all.length, keys.length);
  });
});

test('twelve keys at once are found although a relay answers two a second', async () => {
  await withRelays([2], async (lookUp) => {
    const found = await Promise.all(keys.map(({ publicKey }) => lookUp(publicKey)));
    assert.equal(found.filter(isFound).length, keys.length);
  });
});

test('a relay that has set a rate limit is asked last, and the others are asked without a wait', async () => {
  await withRelays([0, 1000], async (lookUp, servers) => {
    const startedAt = performance.now();
    for (const { publicKey } of keys) assert.ok(isFound(await lookUp(publicKey)));
    assert.ok(performance.now() - startedAt < 5_000);
    assert.equal(servers[0]?.requests.length, 1);
  });
});

test('a rate limit that lasts longer than a lookup is a failure at once, and says so', async () => {
  await withRelays([0], async (lookUp) => {
    for (const reason of [/rate limit exceeded \(429\)/, /not asked for another/])
      await assert.rejects(lookUp(testKey(1).publicKey), (error) => {
        return error instanceof SourceError && reason.test(error.message);
      });
  });
});

test('a key that no relay has is absent at all of them', async () => {
  await withRelays([1000, 1000], async (lookUp) => {
    const nobody = { asked: 2, answered: 2, empty: 2, notNewer: 0 };
    assert.deepEqual(await lookUp(testKey(99).publicKey), [{ kind: 'done', observed: nobody }]);
  });
});
