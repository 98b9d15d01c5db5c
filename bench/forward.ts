// What a forwarded cache miss costs on top of asking the upstream directly, compared to the peers: node dist/bench/forward.js
import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { Type } from '../src/dns/codes.ts';
import { encodeMessage } from '../src/dns/message.ts';
import { query } from '../test/support/dns-client.ts';
import { note } from './support/bars.ts';
import { calm, calmSentence } from './support/calm.ts';
import { dnsperf, generatorVersion, type Run } from './support/dnsperf.ts';
import type { Server } from './support/process.ts';
import { sized } from './support/quick.ts';
import { fixed, machine, median, percentile, table } from './support/report.ts';
import { names, withScene } from './support/scene.ts';

/** Sequential queries in a turn, and turns for each server. */
const QUERIES = sized(500, 20);
const ROUNDS = sized(6, 1);

/** New names in a turn, to measure misses a second, and turns for each server. */
const MISSES = sized(20_000, 200);
const LOADED_ROUNDS = sized(5, 1);

/** Where the names that were not asked for begin. */
let nextName = 0;
let nextMiss = 1_000_000;

/** Milliseconds from query to answer for fresh names, one at a time from one socket. */
async function latencies(server: Server): Promise<number[]> {
  const socket = createSocket('udp4');
  socket.connect(server.port, server.host);
  await once(socket, 'connect');
  const times: number[] = [];
  for (let i = 0; i < QUERIES; i++) {
    const request = encodeMessage(query(`f${nextName++}.bench.example`, Type.A));
    const startedAt = performance.now();
    socket.send(request);
    await once(socket, 'message');
    times.push(performance.now() - startedAt);
  }
  socket.close();
  return times;
}

const generator = generatorVersion();
await withScene(async ({ upstream, servers, queries }) => {
  const all = [upstream, ...servers];
  const times = new Map<Server, number[]>(all.map((server) => [server, []]));
  const runs = new Map<Server, Run[]>(all.map((server) => [server, []]));
  // The load test comes first, so that all servers are warm when latency is measured.
  for (let round = 0; round < LOADED_ROUNDS; round++) {
    for (const server of servers) {
      const run = await calm(() => {
        const file = queries('misses.txt', names(MISSES, nextMiss));
        nextMiss += MISSES;
        return dnsperf(server, { file, limit: { times: 1 }, clients: 10, outstanding: 50 });
      });
      runs.get(server)?.push(run);
    }
  }
  for (let round = 0; round < ROUNDS; round++) {
    for (const server of all) times.get(server)?.push(...(await calm(() => latencies(server))));
  }
  const direct = median(times.get(upstream) ?? []);
  const of = (server: Server | undefined, pick: (run: Run) => number) =>
    median((server === undefined ? [] : (runs.get(server) ?? [])).map(pick));
  const [dnsmasq, unbound] = ['dnsmasq', 'unbound'].map((peer) => servers.find(({ name }) => name === peer));
  const rateOf = (server: Server | undefined) => of(server, (run) => run.perSecond);
  const cpuOf = (server: Server | undefined) => of(server, (run) => run.cpuPerAnswer);
  const rows = all.map((server) => {
    const own = times.get(server) ?? [];
    note('miss-added', server.name, median(own) - direct);
    note('miss-rate', server.name, rateOf(server) / rateOf(unbound));
    note('miss-cpu', server.name, cpuOf(server) / cpuOf(unbound));
    return [
      `${server.name} ${server.version}`,
      fixed(median(own), 3),
      server === upstream ? '' : fixed(median(own) - direct, 3),
      fixed(percentile(own, 0.99), 2),
      fixed(rateOf(server) / 1000),
      fixed(rateOf(server) / rateOf(dnsmasq), 2),
      fixed(rateOf(server) / rateOf(unbound), 2),
      fixed(cpuOf(server)),
      fixed(cpuOf(server) / cpuOf(unbound), 2),
    ];
  });
  console.log('## Forwarded misses\n');
  console.log(`${machine()}; dnsperf ${generator} with ${MISSES} fresh names,`);
  console.log(`\`-c 10 -q 50 -T 1\`, ${LOADED_ROUNDS} interleaved rounds; then`);
  console.log(`${QUERIES * ROUNDS} fresh names each, one at a time, interleaved; medians.`);
  console.log(`${calmSentence()}\n`);
  const head = [
    'asked',
    'median ms',
    'added ms',
    'p99 ms',
    'thousand misses/s',
    '× dnsmasq',
    '× unbound',
    'CPU µs a miss',
    '× unbound',
  ];
  console.log(table(head, rows));
});
