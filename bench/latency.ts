// Latency of cached answers at a constant 5,000 queries a second, compared to the peers: node dist/bench/latency.js
import { note } from './support/bars.ts';
import { CACHED_NAMES, cachedRounds } from './support/cached-rounds.ts';
import { calmSentence } from './support/calm.ts';
import { debianPeers } from './support/debian-peers.ts';
import { generatorVersion } from './support/dnsperf.ts';
import { bareEchoes, pkarrd, pkarrdBun } from './support/peers.ts';
import { sized } from './support/quick.ts';
import { fixed, machine, median, percentile, table } from './support/report.ts';
import { withScene } from './support/scene.ts';

const RATE = 5_000;
const ROUNDS = sized(5, 1);
const SECONDS = sized(2, 0.1);

const generator = generatorVersion();
await withScene(
  async (scene) => {
    const load = { clients: 10, outstanding: 100, rate: RATE, each: true };
    const runs = await cachedRounds(scene, { passes: 2, rounds: ROUNDS, seconds: SECONDS, load });
    // The median of the rounds: one that was disturbed by other load does not count.
    const of = (name: string, part: number) =>
      median((runs.get(name) ?? []).map(({ latencies }) => percentile(latencies, part)));
    const rows = scene.servers.map(({ name, version }) => {
      note('p50', name, of(name, 0.5) / of('dnsmasq', 0.5));
      const echo = `bare echo (${name.includes('Bun') ? 'Bun' : 'Node'})`;
      const timesEcho = of(name, 0.99) / of(echo, 0.99);
      note('p99-echo', name, timesEcho);
      return [
        `${name} ${version}`,
        ...[0.5, 0.99].flatMap((part) => [
          fixed(of(name, part), 3),
          fixed(of(name, part) / of('dnsmasq', part), 2),
        ]),
        name.startsWith('pkarrd') ? fixed(timesEcho, 2) : '',
        fixed(of(name, 0.999), 2),
        (runs.get(name) ?? []).reduce((sum, { lost }) => sum + lost, 0),
      ];
    });
    console.log('## Latency of cached answers over UDP\n');
    console.log(
      `${machine()}; dnsperf ${generator} on the same machine, ${CACHED_NAMES} names, ${RATE} a second, \`-c 10`,
    );
    console.log(`-q 100 -T 1\`, ${ROUNDS} interleaved rounds of ${SECONDS} s, medians of the rounds.`);
    console.log(`${calmSentence()}\n`);
    const heads = ['p50 ms', '× dnsmasq', 'p99 ms', '× dnsmasq', '× its echo', 'p99.9 ms', 'lost'];
    console.log(table(['program', ...heads], rows));
  },
  [pkarrd(), pkarrdBun()],
  [...debianPeers, ...bareEchoes],
);
