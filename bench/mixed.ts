// A Zipf distribution over a million names, nine of ten answers cached, compared to the peers: node dist/bench/mixed.js
import { note } from './support/bars.ts';
import { calm, calmSentence } from './support/calm.ts';
import { dnsperf, generatorVersion, type Run } from './support/dnsperf.ts';
import type { Server } from './support/process.ts';
import { sized } from './support/quick.ts';
import { fixed, machine, median, table } from './support/report.ts';
import { withScene } from './support/scene.ts';
import { zipf } from './support/zipf.ts';

const NAMES = sized(1_000_000, 10_000);
/** Queries of a round. A first round of the same length fills the caches. */
const QUERIES = sized(60_000, 1_000);
const ROUNDS = sized(3, 1);
/** Rounds for which there are names: those of servers whose turns are run again get further. */
const MOST_ROUNDS = 3 * ROUNDS;
/** The share of queries for new names. */
const MISSES = 0.1;

const generator = generatorVersion();
await withScene(async ({ servers, queries }) => {
  const { exponent, draws, fresh } = zipf({
    names: NAMES,
    draws: QUERIES * (MOST_ROUNDS + 1),
    skip: QUERIES,
    until: QUERIES * (ROUNDS + 1),
    fresh: MISSES,
  });
  // Each server gets names of its own, which are new to the upstream.
  const file = (server: number, round: number) =>
    queries(
      'mixed.txt',
      Array.from(
        draws.subarray(round * QUERIES, (round + 1) * QUERIES),
        (name) => `z${server}-${name}.bench.example A`,
      ),
    );
  const load = { limit: { times: 1 }, clients: 10, outstanding: 50 };
  const runs = new Map<string, Run[]>(servers.map(({ name }) => [name, []]));
  const done = servers.map(() => 0);
  const next = (index: number, server: Server) => {
    const round = done[index] ?? 0;
    done[index] = round + 1;
    return dnsperf(server, { file: file(index, round), ...load });
  };
  for (const [index, server] of servers.entries()) await next(index, server);
  for (let round = 0; round < ROUNDS; round++) {
    for (const [index, server] of servers.entries()) {
      runs.get(server.name)?.push(await calm(() => next(index, server)));
    }
  }
  const of = (name: string, pick: (run: Run) => number) => median((runs.get(name) ?? []).map(pick));
  for (const { name } of servers) {
    note('mixed', name, of(name, (run) => run.perSecond) / of('unbound', (run) => run.perSecond));
  }
  const rows = servers.map(({ name, version }) => [
    `${name} ${version}`,
    fixed(of(name, (run) => run.perSecond) / 1000),
    ...['dnsmasq', 'unbound'].map((peer) =>
      fixed(of(name, (run) => run.perSecond) / of(peer, (run) => run.perSecond), 2),
    ),
    fixed(of(name, (run) => run.cpuPerAnswer)),
    fixed(
      of(name, (run) => run.latency),
      2,
    ),
    (runs.get(name) ?? []).reduce((sum, { lost }) => sum + lost, 0),
  ]);
  console.log('## Mixed: hits and misses\n');
  console.log(
    `${machine()}; dnsperf ${generator}, \`-c 10 -q 50 -T 1\`; ${ROUNDS} interleaved rounds of ${QUERIES} queries`,
  );
  console.log(
    `drawn from a Zipf distribution (exponent ${fixed(exponent, 2)}) over ${NAMES} names, after one round that fills the caches;`,
  );
  console.log(`${fixed(fresh * 100)} % of the queries are for new names; medians. ${calmSentence()}\n`);
  const heads = ['thousand answers/s', '× dnsmasq', '× unbound', 'CPU µs an answer', 'mean ms', 'lost'];
  console.log(table(['program', ...heads], rows));
});
