// Cached answers over UDP with one process and with several, on Node and, if dist/pkarrd exists, in the one file: node dist/bench/workers.js [WORKERS]
import { note } from './support/bars.ts';
import { CACHED_NAMES, cachedRounds } from './support/cached-rounds.ts';
import { calmSentence } from './support/calm.ts';
import { generatorVersion } from './support/dnsperf.ts';
import { pkarrd, pkarrdBun } from './support/peers.ts';
import { sized } from './support/quick.ts';
import { fixed, machine, median, table } from './support/report.ts';
import { withScene } from './support/scene.ts';

/** Rounds, and seconds of a turn. The generator takes a core, or what it gets of one. */
const ROUNDS = sized(5, 1);
const SECONDS = sized(2, 0.1);

const workers = Number(process.argv[2] ?? 2);
const generator = generatorVersion();
const runtimes = [
  { start: pkarrd, runtime: 'Node' },
  { start: pkarrdBun, runtime: 'Bun' },
];
const ours = runtimes.flatMap(({ start, runtime }) =>
  [1, workers].map((count) =>
    start(['--workers', String(count)], `${runtime}, ${count === 1 ? 'one process' : `${count} workers`}`),
  ),
);
await withScene(
  async (scene) => {
    // Each worker has a cache of its own and receives a part of each pass.
    const load = { clients: 10, outstanding: 100 };
    const rounds = { passes: 4 * workers, rounds: ROUNDS, seconds: SECONDS, load };
    const runs = await cachedRounds(scene, rounds);
    const { servers } = scene;
    // Each round is compared by itself, since the load of the machine changes between rounds.
    const rows = servers.map(({ name, version }, index) => {
      const own = runs.get(name) ?? [];
      // For each runtime, one process first, then several.
      const one = runs.get(servers[index - (index % 2)]?.name ?? '') ?? [];
      const ratios = own.map(({ perSecond }, round) => perSecond / (one[round]?.perSecond ?? Number.NaN));
      const [runtime = ''] = name.split(',');
      if (index % 2 === 1) note('workers', `pkarrd (${runtime})`, median(ratios));
      return [
        `${name} ${version}`,
        fixed(median(own.map(({ perSecond }) => perSecond)) / 1000),
        fixed(median(ratios), 2),
        fixed(median(own.map(({ cpuPerAnswer }) => cpuPerAnswer))),
        fixed(median(own.map(({ latency }) => latency)), 2),
        own.reduce((sum, { lost }) => sum + lost, 0),
      ];
    });
    console.log('## Cached answers over UDP, one process and several\n');
    console.log(
      `${machine()}; dnsperf ${generator} on the same machine, ${CACHED_NAMES} names, \`-c 10 -q 100`,
    );
    console.log(`-T 1\`, ${ROUNDS} interleaved rounds of ${SECONDS} s, medians; ratios round by round.`);
    console.log(`${calmSentence()}\n`);
    const head = ['pkarrd on', 'thousand answers/s', '× one', 'CPU µs an answer', 'mean ms', 'lost in all'];
    console.log(table(head, rows));
  },
  ours,
  [],
);
