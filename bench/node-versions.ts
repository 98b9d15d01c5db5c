// The same build on each version of Node that is tested: cached answers, misses, memory, start: node dist/bench/node-versions.js
import { mkdtempSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { startTestNetworkThread } from '../src/testnet/proxy.ts';
import { calm, calmSentence } from './support/calm.ts';
import { dnsperf, generatorVersion, type Run } from './support/dnsperf.ts';
import { testedNodeVersions } from './support/node-versions.ts';
import { pkarrdOn } from './support/peers.ts';
import { HOST, residentBytes, type Server } from './support/process.ts';
import { sized } from './support/quick.ts';
import { fixed, machine, median, table } from './support/report.ts';
import { FIRST_PORT, names, withScene } from './support/scene.ts';

/** Names of which answers are cached; those that are new, in a turn; and those that fill a cache of 16 MB. */
const CACHED = sized(10_000, 200);
const MISSES = sized(20_000, 200);
const FILLING = sized(240_000, 500);
/** Turns of each, and seconds of one of cached answers. */
const ROUNDS = sized(5, 1);
const SECONDS = sized(2, 0.1);
/** Milliseconds after which a started program is idle. */
const SETTLE = sized(8_000, 300);

const generator = generatorVersion();
const network = await startTestNetworkThread({ nodes: 30 });
const nodes = network.bootstrap.flatMap(({ host, port }) => ['--bootstrap', `${host}:${port}`]);
const words = ['--dht', 'on', ...nodes, '--dht-listen', `${HOST}:0`];
const peers = testedNodeVersions().map(({ version, path }) => pkarrdOn(path, `Node ${version}`, words));

await withScene(
  async ({ folder, servers, queries }) => {
    const lists = () => new Map<string, number[]>(servers.map(({ name }) => [name, []]));
    const [cached, misses, starts] = [lists(), lists(), lists()];
    const [idle, full] = [new Map<string, number>(), new Map<string, number>()];
    await sleep(SETTLE);
    for (const { name, pid } of servers) idle.set(name, residentBytes(pid));

    const load = { clients: 10, outstanding: 50 };
    const file = queries('cached.txt', names(CACHED));
    for (const server of servers) await dnsperf(server, { file, limit: { times: 2 }, ...load });
    let nextName = 1_000_000;
    const miss = (server: Server) => {
      const fresh = queries('fresh.txt', names(MISSES, nextName));
      nextName += MISSES;
      return dnsperf(server, { file: fresh, limit: { times: 1 }, ...load });
    };
    const measure = async (into: typeof cached, run: (server: Server) => Promise<Run>) => {
      for (const server of servers) into.get(server.name)?.push((await calm(() => run(server))).cpuPerAnswer);
    };
    for (let round = 0; round < ROUNDS; round++) {
      await measure(cached, (server) => dnsperf(server, { file, limit: { seconds: SECONDS }, ...load }));
      await measure(misses, miss);
    }
    const filling = queries('filling.txt', names(FILLING, 10_000_000));
    for (const server of servers) {
      await dnsperf(server, { file: filling, limit: { times: 1 }, ...load });
      full.set(server.name, residentBytes(server.pid));
    }
    for (let round = 0; round < ROUNDS; round++) {
      for (const peer of peers) starts.get(peer.name)?.push(await calm(() => startTime(peer, folder)));
    }

    const rows = servers.map(({ name }) => [
      name,
      fixed(median(cached.get(name) ?? [])),
      fixed(median(misses.get(name) ?? [])),
      ...[idle, full].map((octets) => fixed((octets.get(name) ?? Number.NaN) / 1e6)),
      fixed(median(starts.get(name) ?? []), 0),
    ]);
    console.log('## Versions of Node\n');
    console.log(
      `${machine()}; one build with the settings of the unit, the DHT of a test network joined; dnsperf ${generator}, \`-c 10 -q 50\`, ${ROUNDS} interleaved`,
    );
    console.log(
      `rounds: ${SECONDS} s of cached answers, and ${MISSES} new names; then ${FILLING} names fill the cache; then ${ROUNDS} starts; medians. ${calmSentence()}\n`,
    );
    const heads = ['CPU µs a cached answer', 'CPU µs a miss', 'MB idle', 'MB full', 'ms to the first answer'];
    console.log(table(['runtime', ...heads], rows));
  },
  peers,
  [],
);
await network.close();

/** Milliseconds from a start of another process to its first answer. */
async function startTime(peer: (typeof peers)[number], folder: string): Promise<number> {
  const own = mkdtempSync(join(folder, 'start-'));
  const server = await peer.start({
    folder: own,
    port: FIRST_PORT + 20,
    upstreamPort: FIRST_PORT,
    probe: 'probe.bench.example',
  });
  await server.stop();
  rmSync(own, { recursive: true, force: true });
  return server.startTime;
}
