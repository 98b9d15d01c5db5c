// Cached answers over UDP of this build and of that in another checkout: node dist/bench/builds.js CHECKOUT [ROUNDS]
import { resolve } from 'node:path';
import { cachedRounds } from './support/cached-rounds.ts';
import { calmSentence } from './support/calm.ts';
import { pkarrd, pkarrdBun, pkarrdOf } from './support/peers.ts';
import { fixed, machine, median, table } from './support/report.ts';
import { withScene } from './support/scene.ts';

/** Seconds of a turn. */
const SECONDS = 3;

const [checkout, rounds = '9'] = process.argv.slice(2);
if (checkout === undefined) {
  console.error('Usage: node dist/bench/builds.js CHECKOUT [ROUNDS]');
  process.exit(2);
}

await withScene(
  async (scene) => {
    const load = { clients: 10, outstanding: 100 };
    const runs = await cachedRounds(scene, { passes: 2, rounds: Number(rounds), seconds: SECONDS, load });
    const ofRuntime = (runtime: string) => {
      const [ours = [], other = []] = [`pkarrd (${runtime})`, `other (${runtime})`].map((name) =>
        runs.get(name),
      );
      if (ours.length === 0 || other.length === 0) return [];
      // Each round is compared by itself, since the load of the machine changes between rounds.
      const ratios = ours.map((run, index) => run.cpuPerAnswer / (other[index]?.cpuPerAnswer ?? Number.NaN));
      const rates = [ours, other].map((each) => fixed(median(each.map(({ perSecond }) => perSecond)) / 1000));
      const costs = [ours, other].map((each) =>
        fixed(median(each.map(({ cpuPerAnswer }) => cpuPerAnswer)), 2),
      );
      const spread = `${fixed(Math.min(...ratios), 2)} to ${fixed(Math.max(...ratios), 2)}`;
      return [[runtime, ...rates, ...costs, fixed(median(ratios), 3), spread]];
    };
    console.log('## Cached answers over UDP, this build and another\n');
    console.log(
      `${machine()}; other: ${resolve(checkout)}; ${rounds} interleaved rounds of ${SECONDS} s, medians. ${calmSentence()}\n`,
    );
    const heads = [
      'thousand answers/s',
      'other',
      'CPU µs an answer',
      'other',
      'ratio of CPU',
      'of the rounds',
    ];
    console.log(table(['runtime', ...heads], ['Node', 'Bun'].flatMap(ofRuntime)));
  },
  [pkarrd(), ...pkarrdOf(checkout), pkarrdBun()],
  [],
);
