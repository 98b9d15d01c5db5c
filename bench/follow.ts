// What it costs to be followed at a constant 5,000 queries a second: node dist/bench/follow.js [ROUNDS]
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { followProgram } from '../src/control/client.ts';
import type { QueryBatch } from '../src/way/query-event.ts';
import { note } from './support/bars.ts';
import { calm, calmSentence } from './support/calm.ts';
import { dnsperf } from './support/dnsperf.ts';
import { pkarrd, pkarrdBun } from './support/peers.ts';
import type { Server } from './support/process.ts';
import { sized } from './support/quick.ts';
import { fixed, machine, median, table } from './support/report.ts';
import { names, withScene } from './support/scene.ts';

const RATE = 5_000;
const SECONDS = sized(3, 0.2);
const rounds = Number(process.argv[2] ?? sized(3, 1));

/** The state directories, in which the sockets are. */
const folder = mkdtempSync(join(tmpdir(), 'pkarrd-bench-follow-'));
const folders = new Map(['Node', 'Bun'].map((runtime) => [`pkarrd (${runtime})`, join(folder, runtime)]));
const withState = (name: string) => ['--state-dir', folders.get(name) ?? folder];

/** Follows while `work` runs. @returns its result, and how many queries were seen and left out. */
async function followed<T>(server: Server, work: () => Promise<T>) {
  const ending = new AbortController();
  let [seen, left] = [0, 0];
  const observe = (value: unknown) => {
    const { events, dropped } = value as QueryBatch;
    seen += events.length;
    left += dropped;
  };
  const following = followProgram([folders.get(server.name) ?? folder], 'follow', observe, ending.signal);
  const result = await work();
  ending.abort();
  await following;
  return { result, seen, left };
}

await withScene(
  async ({ servers, queries }) => {
    const file = queries('cached.txt', names(sized(10_000, 500)));
    const load = { file, clients: 10, outstanding: 100, rate: RATE, limit: { seconds: SECONDS } };
    const rows: string[][] = [];
    for (const server of servers) {
      await dnsperf(server, { ...load, rate: 20_000, limit: { times: 2 } });
      const costs: { without: number; with: number }[] = [];
      let [all, seenAll, leftAll] = [0, 0, 0];
      for (let round = 0; round < rounds; round++) {
        const { plain, result, seen, left } = await calm(async () => ({
          plain: await dnsperf(server, load),
          ...(await followed(server, () => dnsperf(server, load))),
        }));
        costs.push({ without: plain.cpuPerAnswer, with: result.cpuPerAnswer });
        all += result.completed;
        seenAll += seen;
        leftAll += left;
      }
      const ratios = costs.map((cost) => cost.with / cost.without);
      // µs an answer times answers a second are µs of each second.
      const shares = costs.map((cost) => ((cost.with - cost.without) * RATE) / 1e4);
      note('follow', server.name, median(shares));
      rows.push([
        `${server.name} ${server.version}`,
        fixed(median(costs.map(({ without }) => without)), 1),
        fixed(median(costs.map((cost) => cost.with)), 1),
        fixed(median(ratios), 2),
        `${fixed(Math.min(...ratios), 2)} to ${fixed(Math.max(...ratios), 2)}`,
        fixed(median(shares), 1),
        `${fixed((100 * seenAll) / all, 1)} %`,
        String(leftAll),
      ]);
    }
    console.log('## Live queries\n');
    console.log(
      `${machine()}; ${RATE} cached answers a second, rounds of ${SECONDS} s without \`query --follow\` and with it in turn,`,
    );
    console.log(`${rounds} of each, medians; CPU time of all threads of the program. ${calmSentence()}\n`);
    const heads = [
      'CPU µs an answer',
      'followed',
      'ratio',
      'of the rounds',
      '% of a core',
      'seen',
      'left out',
    ];
    console.log(table(['program', ...heads], rows));
  },
  [pkarrd(withState('pkarrd (Node)')), pkarrdBun(withState('pkarrd (Bun)'))],
  [],
);
rmSync(folder, { recursive: true, force: true });
