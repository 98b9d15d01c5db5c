import { type BarName, note } from './bars.ts';
import { dnsperf, generatorVersion, type Load, type Run } from './dnsperf.ts';
import { bareEchoes, debianPeers, pkarrd, pkarrdBun } from './peers.ts';
import { fixed, machine, median, table } from './report.ts';
import { names, withScene } from './scene.ts';

/** Names that are asked, all of them cached before. */
const NAMES = 10_000;

/** Rounds in which every server has its turn; the median of each counts. */
const ROUNDS = 5;

/** Seconds of a turn. */
const SECONDS = 4;

/** Measures answers from the cache, ours beside the peers' in interleaved rounds, and prints the table. */
export async function benchCached(
  title: string,
  load: Pick<Load, 'clients' | 'outstanding' | 'tcp'>,
  bars: { readonly rate?: BarName; readonly cpu?: BarName },
): Promise<void> {
  const generator = generatorVersion();
  await withScene(
    async ({ servers, queries }) => {
      const file = queries('cached.txt', names(NAMES));
      for (const server of servers) {
        await dnsperf(server, { file, limit: { times: 2 }, clients: 10, outstanding: 50 });
      }
      const runs = new Map<string, Run[]>(servers.map(({ name }) => [name, []]));
      for (let round = 0; round < ROUNDS; round++) {
        for (const server of servers) {
          const run = await dnsperf(server, { file, limit: { seconds: SECONDS }, ...load });
          runs.get(server.name)?.push(run);
        }
      }
      const of = (name: string, pick: (run: Run) => number) => median((runs.get(name) ?? []).map(pick));
      const base = 'dnsmasq';
      const rows = servers.map(({ name, version }) => {
        const perSecond = of(name, (run) => run.perSecond);
        const cpu = of(name, (run) => run.cpuPerAnswer);
        if (bars.rate !== undefined) note(bars.rate, name, perSecond / of(base, (run) => run.perSecond));
        if (bars.cpu !== undefined) note(bars.cpu, name, cpu / of(base, (run) => run.cpuPerAnswer));
        return [
          `${name} ${version}`,
          fixed(perSecond / 1000),
          fixed(perSecond / of(base, (run) => run.perSecond), 2),
          fixed(cpu),
          fixed(cpu / of(base, (run) => run.cpuPerAnswer), 2),
          of(name, (run) => run.lost),
        ];
      });
      console.log(`## ${title}\n`);
      console.log(
        `${machine()}; dnsperf ${generator} on the same machine, ${NAMES} names, \`-c ${load.clients}`,
      );
      console.log(`-q ${load.outstanding} -T 1\`, ${ROUNDS} interleaved rounds of ${SECONDS} s, medians.\n`);
      const head = ['program', 'thousand answers/s', '× dnsmasq', 'CPU µs an answer', '× dnsmasq', 'lost'];
      console.log(table(head, rows));
    },
    [pkarrd(), pkarrdBun()],
    [...debianPeers, ...(load.tcp ? [] : bareEchoes)],
  );
}
