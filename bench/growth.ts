// The cost of an answer and of a miss as the cache grows from a thousand entries to a million: node dist/bench/growth.js [MOST]
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { askProgram } from '../src/control/client.ts';
import { type BarName, note } from './support/bars.ts';
import { calm, calmSentence } from './support/calm.ts';
import { debianPeers } from './support/debian-peers.ts';
import { dnsperf, generatorVersion, type Run } from './support/dnsperf.ts';
import { pkarrd, pkarrdBun } from './support/peers.ts';
import type { Server } from './support/process.ts';
import { sized } from './support/quick.ts';
import { fixed, machine, median, table } from './support/report.ts';
import { names, withScene } from './support/scene.ts';

const most = Number(process.argv[2] ?? sized(1_000_000, 1_000));
const SIZES = [1_000, 10_000, 100_000, 1_000_000].filter((size) => size <= most);
const ROUNDS = sized(3, 1);
const SECONDS = sized(2, 0.1);
/** Queries of a round, for names from the whole cache, so that few are repeated. */
const ASKED = 200_000;
/** Most misses of a round; as many as there are entries where that is less, since each becomes one. */
const MISSES = 20_000;

/** Misses that warm up a runtime, which compiles what is used often: the first size must not pay for that. They are forgotten then. */
const WARM = sized(30_000, 100);

/** CPU µs by the number of entries. */
type Costs = Map<number, number>;

const generator = generatorVersion();
/** The state directories of ours, in which the sockets are. */
const folder = mkdtempSync(join(tmpdir(), 'pkarrd-bench-growth-'));
const folders = new Map(['Node', 'Bun'].map((runtime) => [`pkarrd (${runtime})`, join(folder, runtime)]));
const words = (name: string) => ['--cache-size', '1 GB', '--state-dir', folders.get(name) ?? folder];
// The peer that is built for many entries; filling dnsmasq takes hours.
const peers = debianPeers.filter(({ name }) => name === 'unbound');
await withScene(
  async ({ servers, queries }) => {
    const load = { clients: 10, outstanding: 60 };
    const hits = new Map(servers.map(({ name }) => [name, new Map() as Costs]));
    const misses = new Map(servers.map(({ name }) => [name, new Map() as Costs]));
    let nextName = 10_000_000;
    const freshNames = (count: number) => {
      nextName += count;
      return queries('fresh.txt', names(count, nextName - count));
    };
    for (const server of servers.filter(({ name }) => folders.has(name))) {
      await dnsperf(server, { file: freshNames(WARM), limit: { times: 1 }, ...load });
      await askProgram([folders.get(server.name) ?? ''], ['flush']);
    }
    let filled = 0;
    for (const size of SIZES) {
      const file = queries('fill.txt', names(size - filled, filled));
      for (const server of servers) await dnsperf(server, { file, limit: { times: 1 }, ...load });
      filled = size;
      // A stride that is coprime to the size reaches every name.
      const stride = 7_919;
      const lines = Array.from(
        { length: Math.min(ASKED, size) },
        (_, i) => `n${(i * stride) % size}.bench.example A`,
      );
      const asked = queries('asked.txt', lines);
      const limit = { seconds: SECONDS };
      await measure(servers, hits, size, (server) =>
        dnsperf(server, { file: asked, limit, clients: 10, outstanding: 100 }),
      );
      await measure(servers, misses, size, (server) =>
        dnsperf(server, { file: freshNames(Math.min(MISSES, size)), limit: { times: 1 }, ...load }),
      );
    }
    const rowsOf = (costs: ReadonlyMap<string, Costs>, bar: BarName) =>
      servers.map(({ name, version }) => {
        const of = (size: number) => costs.get(name)?.get(size) ?? Number.NaN;
        const growth = of(SIZES.at(-1) ?? 0) / of(1_000);
        if (filled === 1_000_000) note(bar, name, growth);
        return [`${name} ${version}`, ...SIZES.map((size) => fixed(of(size))), fixed(growth, 2)];
      });
    const heads = ['program', ...SIZES.map((size) => `${size / 1000} thousand`), 'last × first'];
    console.log('## While the cache grows\n');
    console.log(
      `${machine()}; dnsperf ${generator} on the same machine, \`-c 10 -T 1\`, ${ROUNDS} interleaved rounds, medians; CPU µs by the`,
    );
    console.log(
      `number of entries, after ${WARM} misses that warm ours up and are forgotten. unbound keeps 16 MB of messages. ${calmSentence()}\n`,
    );
    console.log(`A cached answer, \`-q 100\`, rounds of ${SECONDS} s:\n`);
    console.log(`${table(heads, rowsOf(hits, 'growth'))}\n`);
    console.log(
      `A miss, \`-q ${load.outstanding}\`, rounds of ${MISSES} new names, or of as many as there are entries where that is less; each becomes one:\n`,
    );
    console.log(table(heads, rowsOf(misses, 'growth-misses')));
  },
  // Without the settings of the unit, which keep the heaps small.
  [
    pkarrd(words('pkarrd (Node)'), 'pkarrd (Node)', { NODE_OPTIONS: '--max-old-space-size=4096' }),
    pkarrdBun(words('pkarrd (Bun)'), 'pkarrd (Bun)', {}),
  ],
  peers,
);
rmSync(folder, { recursive: true, force: true });

/** Measures in interleaved rounds. */
async function measure(
  servers: readonly Server[],
  into: ReadonlyMap<string, Costs>,
  size: number,
  run: (server: Server) => Promise<Run>,
): Promise<void> {
  const costs = new Map(servers.map(({ name }) => [name, [] as number[]]));
  for (let round = 0; round < ROUNDS; round++) {
    for (const server of servers) {
      costs.get(server.name)?.push((await calm(() => run(server))).cpuPerAnswer);
    }
  }
  for (const { name } of servers) into.get(name)?.set(size, median(costs.get(name) ?? []));
}
