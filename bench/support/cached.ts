import { type BarName, note } from './bars.ts';
import { CACHED_NAMES, cachedRounds } from './cached-rounds.ts';
import { calmSentence } from './calm.ts';
import { debianPeers } from './debian-peers.ts';
import { generatorVersion, type Load, type Run } from './dnsperf.ts';
import { bareEchoes, pkarrd, pkarrdBun } from './peers.ts';
import { sized } from './quick.ts';
import { fixed, machine, median, table } from './report.ts';
import { withScene } from './scene.ts';

/** Rounds in which every server has a turn; the median counts. */
const ROUNDS = sized(5, 1);

/** Seconds of a turn. */
const SECONDS = sized(2, 0.1);

/** Measures cached answers of pkarrd and its peers in interleaved rounds, and prints the table. */
export async function benchCached(
  title: string,
  load: Pick<Load, 'clients' | 'outstanding' | 'tcp'>,
  bars: { readonly rate?: BarName; readonly cpu?: BarName },
): Promise<void> {
  const generator = generatorVersion();
  await withScene(
    async (scene) => {
      const runs = await cachedRounds(scene, { passes: 2, rounds: ROUNDS, seconds: SECONDS, load });
      const of = (name: string, pick: (run: Run) => number) => median((runs.get(name) ?? []).map(pick));
      const base = 'dnsmasq';
      const rows = scene.servers.map(({ name, version }) => {
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
        `${machine()}; dnsperf ${generator} on the same machine, ${CACHED_NAMES} names, \`-c ${load.clients}`,
      );
      console.log(`-q ${load.outstanding} -T 1\`, ${ROUNDS} interleaved rounds of ${SECONDS} s, medians.`);
      console.log(`${calmSentence()}\n`);
      const head = ['program', 'thousand answers/s', '× dnsmasq', 'CPU µs an answer', '× dnsmasq', 'lost'];
      console.log(table(head, rows));
    },
    [pkarrd(), pkarrdBun()],
    [...debianPeers, ...(load.tcp ? [] : bareEchoes)],
  );
}
