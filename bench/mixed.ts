// A Zipf distribution over a million names, nine of ten answers cached, compared to the peers: node dist/bench/mixed.js
import { dnsperf, generatorVersion, type Run } from './support/dnsperf.ts';
import { fixed, machine, median, table } from './support/report.ts';
import { withScene } from './support/scene.ts';
import { zipf } from './support/zipf.ts';

const NAMES = 1_000_000;
/** Queries of a round. A first round of the same length fills the caches. */
const QUERIES = 60_000;
const ROUNDS = 3;
/** The share of queries for new names. */
const MISSES = 0.1;

const generator = generatorVersion();
await withScene(async ({ servers, queries }) => {
  const { exponent, draws, fresh } = zipf({
    names: NAMES,
    draws: QUERIES * (ROUNDS + 1),
    skip: QUERIES,
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
  for (let round = 0; round <= ROUNDS; round++) {
    for (const [index, server] of servers.entries()) {
      const run = await dnsperf(server, { file: file(index, round), ...load });
      if (round > 0) runs.get(server.name)?.push(run);
    }
  }
  const of = (name: string, pick: (run: Run) => number) => median((runs.get(name) ?? []).map(pick));
  const rows = servers.map(({ name, version }) => [
    `${name} ${version}`,
    fixed(of(name, (run) => run.perSecond) / 1000),
    fixed(of(name, (run) => run.perSecond) / of('dnsmasq', (run) => run.perSecond), 2),
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
  console.log(`${fixed(fresh * 100)} % of the queries are for new names; medians.\n`);
  console.log(
    table(['program', 'thousand answers/s', '× dnsmasq', 'CPU µs an answer', 'mean ms', 'lost'], rows),
  );
});
