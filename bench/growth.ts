// The cost of an answer as the cache grows from a thousand entries to a million: node dist/bench/growth.js [MOST]
import { note } from './support/bars.ts';
import { debianPeers } from './support/debian-peers.ts';
import { dnsperf, generatorVersion, type Run } from './support/dnsperf.ts';
import { pkarrd, pkarrdBun } from './support/peers.ts';
import { fixed, machine, median, table } from './support/report.ts';
import { names, withScene } from './support/scene.ts';

const most = Number(process.argv[2] ?? 1_000_000);
const SIZES = [1_000, 10_000, 100_000, 1_000_000].filter((size) => size <= most);
const ROUNDS = 3;
const SECONDS = 4;
/** Queries of a round, for names from the whole cache, so that few are repeated. */
const ASKED = 200_000;

const generator = generatorVersion();
const room = ['--cache-size', '1 GB'];
// The peer that is built for many entries; filling dnsmasq takes hours.
const peers = debianPeers.filter(({ name }) => name === 'unbound');
await withScene(
  async ({ servers, queries }) => {
    const cost = new Map(servers.map(({ name }) => [name, new Map<number, number>()]));
    let filled = 0;
    for (const size of SIZES) {
      const file = queries('fill.txt', names(size - filled, filled));
      for (const server of servers)
        await dnsperf(server, { file, limit: { times: 1 }, clients: 10, outstanding: 60 });
      filled = size;
      // A stride that is coprime to the size reaches every name.
      const stride = 7_919;
      const lines = Array.from(
        { length: Math.min(ASKED, size) },
        (_, i) => `n${(i * stride) % size}.bench.example A`,
      );
      const asked = queries('asked.txt', lines);
      const runs = new Map<string, Run[]>(servers.map(({ name }) => [name, []]));
      for (let round = 0; round < ROUNDS; round++) {
        for (const server of servers) {
          const run = await dnsperf(server, {
            file: asked,
            limit: { seconds: SECONDS },
            clients: 10,
            outstanding: 100,
          });
          runs.get(server.name)?.push(run);
        }
      }
      for (const { name } of servers) {
        cost.get(name)?.set(size, median((runs.get(name) ?? []).map((run) => run.cpuPerAnswer)));
      }
    }
    const rows = servers.map(({ name, version }) => {
      const of = (size: number) => cost.get(name)?.get(size) ?? Number.NaN;
      const growth = of(SIZES.at(-1) ?? 0) / of(1_000);
      if (filled === 1_000_000) note('growth', name, growth);
      return [`${name} ${version}`, ...SIZES.map((size) => fixed(of(size))), fixed(growth, 2)];
    });
    console.log('## Cached answers while the cache grows\n');
    console.log(
      `${machine()}; dnsperf ${generator} on the same machine, \`-c 10 -q 100 -T 1\`, ${ROUNDS} interleaved`,
    );
    console.log(
      `rounds of ${SECONDS} s, medians; CPU µs an answer by the number of entries. unbound keeps 16 MB of messages.\n`,
    );
    console.log(table(['program', ...SIZES.map((size) => `${size / 1000} thousand`), 'last × first'], rows));
  },
  // Without the settings of the unit, which keep the heaps small.
  [
    pkarrd(room, 'pkarrd (Node)', { NODE_OPTIONS: '--max-old-space-size=4096' }),
    pkarrdBun(room, 'pkarrd (Bun)', {}),
  ],
  peers,
);
