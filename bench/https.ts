// DNS over HTTPS: CPU time, latency and memory of cached answers, compared to the peers: node dist/bench/https.js
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { loadavg, tmpdir } from 'node:os';
import { join } from 'node:path';
import { note } from './support/bars.ts';
import { calm, calmSentence } from './support/calm.ts';
import {
  type HttpsLoad,
  type HttpsRun,
  type HttpsServer,
  h2load,
  h2loadVersion,
  NAME,
} from './support/h2load.ts';
import { bareEcho, httpsPeers } from './support/https-peers.ts';
import { octetsOfSession, SESSIONS } from './support/idle-sessions.ts';
import { startUpstream } from './support/peers.ts';
import { sized } from './support/quick.ts';
import { fixed, machine, median, percentile, table } from './support/report.ts';
import { FIRST_PORT } from './support/scene.ts';

const ROUNDS = sized(3, 1);

/** What CPU time is measured under. */
const loads = {
  'POST, 1 session': { method: 'POST', sessions: 1, inFlight: 100, requests: sized(20_000, 200) },
  'GET, 1 session': { method: 'GET', sessions: 1, inFlight: 100, requests: sized(20_000, 200) },
  'POST, 100 sessions': {
    method: 'POST',
    sessions: sized(100, 5),
    inFlight: 1,
    requests: sized(10_000, 200),
  },
} as const satisfies Record<string, HttpsLoad>;
type LoadName = keyof typeof loads;
const loadNames = Object.keys(loads) as LoadName[];

/** What latency is measured under: far from what any of them can do. */
const steady: HttpsLoad = {
  ...{ method: 'POST', sessions: 10, inFlight: 10 },
  requests: sized(4_000, 100),
  rate: 200,
};

const generator = h2loadVersion();
const folder = mkdtempSync(join(tmpdir(), 'pkarrd-bench-'));
const upstream = await startUpstream(join(folder, 'knot'), FIRST_PORT);
const started: HttpsServer[] = [];
try {
  for (const [index, peer] of httpsPeers(folder).entries()) {
    if (peer.version() === undefined) {
      console.error(`${peer.name} is not there and left out: ${peer.install}`);
      continue;
    }
    const own = join(folder, peer.name.replace(/\W/g, '-'));
    mkdirSync(own);
    const port = FIRST_PORT + 1 + 2 * index;
    const options = { folder: own, port, upstreamPort: FIRST_PORT, probe: NAME };
    started.push({ server: await peer.start({ ...options, httpsPort: port + 1 }), port: port + 1 });
  }
  const sessionOctets = new Map<string, number>();
  for (const target of started) sessionOctets.set(target.server.name, await octetsOfSession(target));
  report(await measure(), sessionOctets);
} finally {
  for (const { server } of started) await server.stop();
  await upstream.stop();
  rmSync(folder, { recursive: true, force: true });
}

/** The runs of all rounds, by the name of the server, and that of the load. */
type Runs = ReadonlyMap<string, Readonly<Record<LoadName | 'steady', readonly HttpsRun[]>>>;

async function measure(): Promise<Runs> {
  const runs = new Map(
    started.map(({ server }) => [
      server.name,
      Object.fromEntries([...loadNames, 'steady'].map((name) => [name, []])) as unknown as Record<
        LoadName | 'steady',
        HttpsRun[]
      >,
    ]),
  );
  for (let round = 0; round < ROUNDS; round++)
    for (const [name, load] of [...Object.entries<HttpsLoad>(loads), ['steady', steady] as const])
      for (const target of started) {
        const run = await calm(() => h2load(target, load, folder));
        runs.get(target.server.name)?.[name as LoadName | 'steady'].push(run);
      }
  return runs;
}

function report(runs: Runs, sessionOctets: ReadonlyMap<string, number>): void {
  const of = (name: string, load: LoadName | 'steady', figure: (run: HttpsRun) => number) =>
    median((runs.get(name)?.[load] ?? []).map(figure));
  const cpu = (name: string, load: LoadName) => of(name, load, (run) => run.cpuMicroseconds);
  // Whatever the client does: the worst of the loads is what counts.
  const worst = (of: (load: LoadName) => number) => Math.max(...loadNames.map(of));
  for (const { server } of started) {
    const { name } = server;
    note('https-cpu', name, Math.max(cpu(name, 'POST, 1 session'), cpu(name, 'GET, 1 session')));
    note(
      'https-echo',
      name,
      worst((load) => cpu(name, load) / cpu(bareEcho(name), load)),
    );
    note(
      'https-peer',
      name,
      worst((load) => cpu(name, load) / cpu('dnsdist', load)),
    );
  }
  console.log('## Cached answers over HTTPS\n');
  const load = loadavg().map((average) => average.toFixed(1));
  console.log(
    `${machine()}; load average ${load.join(' ')} in the end; h2load ${generator} on the same machine, one`,
  );
  console.log(
    `name, a padded query of 128 octets, ${ROUNDS} interleaved rounds, medians. One session: 100 requests at a time. A hundred:`,
  );
  console.log('one at a time on each, handshakes included. CPU time in µs a request.');
  console.log(`${calmSentence()}\n`);
  console.log(
    table(
      ['program', ...loadNames.flatMap((load) => [load, '× its echo', '× dnsdist'])],
      started.map(({ server: { name, version } }) => [
        `${name} ${version}`,
        ...loadNames.flatMap((load) => [
          fixed(cpu(name, load)),
          fixed(cpu(name, load) / cpu(bareEcho(name), load), 2),
          fixed(cpu(name, load) / cpu('dnsdist', load), 2),
        ]),
      ]),
    ),
  );
  console.log(
    `\nThousand requests a second under the same loads; latency at ${(steady.rate ?? 0) * steady.sessions} a second on ${steady.sessions} sessions; memory by which`,
  );
  console.log(`the process grows for each session that asked once and stays open, of ${SESSIONS}.\n`);
  console.log(
    table(
      ['program', ...loadNames, 'p50 ms', 'p99 ms', 'kB a session', 'lost'],
      started.map(({ server: { name, version } }) => [
        `${name} ${version}`,
        ...loadNames.map((load) => fixed(of(name, load, (run) => run.perSecond) / 1_000)),
        ...[0.5, 0.99].map((part) =>
          fixed(
            of(name, 'steady', (run) => percentile(run.latencies, part)),
            3,
          ),
        ),
        fixed((sessionOctets.get(name) ?? Number.NaN) / 1_000, 0),
        Object.values(runs.get(name) ?? {})
          .flat()
          .reduce((sum, { lost }) => sum + lost, 0),
      ]),
    ),
  );
}
