// What a forwarded cache miss costs on top of asking the upstream directly, compared to the peers: node dist/bench/forward.js
import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { Type } from '../src/dns/codes.ts';
import { encodeMessage } from '../src/dns/message.ts';
import { query } from '../test/support/dns-client.ts';
import { note } from './support/bars.ts';
import { dnsperf, generatorVersion, type Run } from './support/dnsperf.ts';
import type { Server } from './support/process.ts';
import { fixed, machine, median, percentile, table } from './support/report.ts';
import { names, withScene } from './support/scene.ts';

/** Sequential queries in a turn, and turns for each server. */
const QUERIES = 500;
const ROUNDS = 6;

/** New names, to measure misses a second. */
const MISSES = 20_000;

let nextName = 0;

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
  for (let round = 0; round < 3; round++) {
    for (const server of servers) {
      const file = queries(
        'misses.txt',
        names(MISSES, 1_000_000 + MISSES * (round * all.length + all.indexOf(server))),
      );
      runs
        .get(server)
        ?.push(await dnsperf(server, { file, limit: { times: 1 }, clients: 10, outstanding: 50 }));
    }
  }
  for (let round = 0; round < ROUNDS; round++) {
    for (const server of all) {
      times.get(server)?.push(...(await latencies(server)));
    }
  }
  const direct = median(times.get(upstream) ?? []);
  const peerRate = (pick: (server: Server) => boolean) =>
    median((runs.get(servers.find(pick) ?? upstream) ?? []).map((run) => run.perSecond));
  const dnsmasqRate = peerRate(({ name }) => name === 'dnsmasq');
  const rows = all.map((server) => {
    const own = times.get(server) ?? [];
    const rate = median((runs.get(server) ?? []).map((run) => run.perSecond));
    note('miss-added', server.name, median(own) - direct);
    note('miss-rate', server.name, rate / dnsmasqRate);
    return [
      `${server.name} ${server.version}`,
      fixed(median(own), 3),
      server === upstream ? '' : fixed(median(own) - direct, 3),
      fixed(percentile(own, 0.99), 2),
      fixed(rate / 1000),
      fixed(rate / dnsmasqRate, 2),
      fixed(median((runs.get(server) ?? []).map((run) => run.cpuPerAnswer))),
    ];
  });
  console.log('## Forwarded misses\n');
  console.log(`${machine()}; dnsperf ${generator} with ${MISSES} fresh names,`);
  console.log('`-c 10 -q 50 -T 1`, 3 interleaved rounds; then');
  console.log(`${QUERIES * ROUNDS} fresh names each, one at a time, interleaved; medians.\n`);
  const head = [
    'asked',
    'median ms',
    'added ms',
    'p99 ms',
    'thousand misses/s',
    '× dnsmasq',
    'CPU µs a miss',
  ];
  console.log(table(head, rows));
});
