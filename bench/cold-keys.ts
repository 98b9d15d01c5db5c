/**
 * Time to the first answer when many new keys are asked for at once, in a network where some nodes never answer: the whole
 * program over UDP, and its lookups alone with several numbers of parallel queries. Run as
 * `node dist/bench/cold-keys.js [--nodes 100] [--silent 0.3] [--delay 50] [--keys 30] [--rounds 5]`.
 */

import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { performance } from 'node:perf_hooks';
import { parseArgs } from 'node:util';
import { startApp } from '../src/app/app.ts';
import { defaultSettings } from '../src/config/settings.ts';
import { DhtConnection } from '../src/find/dht-connection.ts';
import { dhtSource } from '../src/find/dht-source.ts';
import { Finder } from '../src/find/finder.ts';
import { defaultFinderSettings } from '../src/find/finder-settings.ts';
import { startMainlineNode } from '../src/mainline/node/node.ts';
import { startMainlineThread } from '../src/mainline/thread/proxy.ts';
import { silentLog } from '../src/observe/log.ts';
import { KeyPair } from '../src/pkarr/key-pair.ts';
import type { PublicKey } from '../src/pkarr/public-key.ts';
import { noArchive } from '../src/store/packet-archive.ts';
import { PacketCache } from '../src/store/packet-cache.ts';
import { startTestNetworkThread } from '../src/testnet/proxy.ts';
import { askUdp, query } from '../test/support/dns-client.ts';
import { aRecord, signedPacket } from '../test/support/packets.ts';
import { calm, calmSentence } from './support/calm.ts';
import { sized } from './support/quick.ts';
import { fixed, machine, percentile, table } from './support/report.ts';

const HOST = '127.0.0.1';

const { values: flags } = parseArgs({
  options: {
    nodes: { type: 'string', default: sized('100', '20') },
    silent: { type: 'string', default: sized('0.3', '0') },
    delay: { type: 'string', default: sized('50', '0') },
    keys: { type: 'string', default: sized('30', '2') },
    rounds: { type: 'string', default: sized('5', '1') },
  },
});
const [keys, rounds] = [Number(flags.keys), Number(flags.rounds)];
const conditions = {
  nodes: Number(flags.nodes),
  silentFraction: Number(flags.silent),
  delayMs: Number(flags.delay),
};

/** One way to ask. Every key is asked for once. */
interface Contender {
  readonly name: string;
  /** Whether the key has been found, at the first answer. */
  find(key: PublicKey): Promise<boolean>;
  close(): Promise<void>;
}

const network = await startTestNetworkThread(conditions);
const contenders = [await program(), await lookups(96), await lookups(16)];
const results = contenders.map(({ name }) => ({ name, times: [] as number[], missed: 0 }));
for (let round = 0; round < rounds; round++) {
  for (const [index, contender] of contenders.entries()) {
    const result = results[index];
    if (result === undefined) continue;
    const { times, missed } = await calm(() => turnOf(contender));
    result.times.push(...times);
    result.missed += missed;
  }
}
for (const contender of contenders) await contender.close();
await network.close();

console.log(
  `${machine()}. ${conditions.nodes} nodes, ${conditions.silentFraction * 100} % silent, ${conditions.delayMs} ms a ` +
    `round trip; ${keys} keys at once, ${rounds} interleaved rounds. ${calmSentence()}\n`,
);
console.log(
  table(
    ['first answer', 'median ms', 'p90 ms', 'longest ms', 'not found'],
    results.map(({ name, times, missed }) => [
      name,
      ...[0.5, 0.9, 1].map((part) => fixed(percentile(times, part))),
      `${missed} of ${keys * rounds}`,
    ]),
  ),
);

/** Asks for all keys of a turn at once: new ones, so that the second way does not profit from what the first has learned. */
async function turnOf(
  contender: Contender,
): Promise<{ readonly times: readonly number[]; readonly missed: number }> {
  const published = await publishKeys();
  const times: number[] = [];
  await Promise.all(
    published.map(async (key) => {
      const start = performance.now();
      if (await contender.find(key)) times.push(performance.now() - start);
    }),
  );
  return { times, missed: published.length - times.length };
}

/** The program with its defaults, over UDP. */
async function program(): Promise<Contender> {
  const stateDir = await mkdtemp(join(tmpdir(), 'pkarrd-bench-'));
  const settings = {
    ...defaultSettings({ environment: {}, isRoot: false, home: '/nonexistent' }),
    listen: [{ host: HOST, port: 0 }],
    upstream: [],
    bootstrap: network.bootstrap,
    dhtListen: { host: HOST, port: 0 },
    stateDir,
  };
  const app = await startApp(settings, silentLog);
  const [server] = app.addresses;
  if (server === undefined) throw new Error('The program listens nowhere.');
  const find = async (key: PublicKey) => (await askUdp(server, query(key.text))).answers.length > 0;
  // Its DHT node starts in the background; this measures new keys in a running program.
  await find((await publishKeys(1))[0] ?? KeyPair.generate().publicKey);
  return {
    name: 'the program, over UDP',
    find,
    async close() {
      await app.close();
      await rm(stateDir, { recursive: true });
    },
  };
}

/** Its lookups alone, with a number of parallel queries in each. */
async function lookups(concurrency: number): Promise<Contender> {
  const node = await startMainlineThread({ bootstrap: network.bootstrap, host: HOST, concurrency });
  await node.ready();
  const finder = new Finder({
    sources: [dhtSource(new DhtConnection(Promise.resolve(node)))],
    cache: new PacketCache(1 << 24),
    archive: noArchive,
    settings: defaultFinderSettings,
    now: () => performance.now(),
  });
  return {
    name: `its lookups, concurrency ${concurrency}`,
    async find(key) {
      const signal = AbortSignal.timeout(10_000);
      return (await finder.read(key, { freshness: 'fresh', signal })).kind === 'found';
    },
    async close() {
      finder.close();
      await node.close();
    },
  };
}

/** New keys, each with a packet in the network, put by a node that has left when they are asked for. */
async function publishKeys(count = keys): Promise<readonly PublicKey[]> {
  const publisher = await startMainlineNode({ bootstrap: network.bootstrap, host: HOST });
  await publisher.settled();
  const published = await Promise.all(
    Array.from({ length: count }, async () => {
      const { key, item } = signedBy(KeyPair.generate());
      await publisher.put(item, { signal: AbortSignal.timeout(30_000) });
      return key;
    }),
  );
  await publisher.close();
  return published;
}

function signedBy(keyPair: KeyPair) {
  return signedPacket(keyPair, Math.floor(Date.now() / 1000), [aRecord(keyPair.publicKey.text)]);
}
