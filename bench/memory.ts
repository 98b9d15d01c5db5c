// Resident memory, idle and with a full cache, and after everything was used once, compared to the peers: node dist/bench/memory.js
import { execFileSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { startTestNetworkThread } from '../src/testnet/proxy.ts';
import { askRelay } from '../test/http/relay/ask-relay.ts';
import { valuesOf } from '../test/support/metric-values.ts';
import { note } from './support/bars.ts';
import { debianPeers } from './support/debian-peers.ts';
import { dnsperf, generatorVersion } from './support/dnsperf.ts';
import { startEverything } from './support/everything.ts';
import { bareEchoes, pkarrd, pkarrdBun } from './support/peers.ts';
import { HOST, residentBytes, type Server } from './support/process.ts';
import { sized } from './support/quick.ts';
import { fixed, machine, median, table } from './support/report.ts';
import { FIRST_PORT, withScene } from './support/scene.ts';

/** Names that fill a cache of 16 MB, and those that fill the peers that keep 12,000 answers or fewer. */
const NAMES = sized(240_000, 500);
const FEW_NAMES = sized(30_000, 500);
const small = ['dnsmasq', 'systemd-resolved'];

/** How often ours are measured, each time another process, since figures of garbage collectors vary; medians count. */
const PROCESSES = sized(3, 1);

/** Connections that are opened to the HTTP side. */
const OPENED = sized(200, 5);

/** Milliseconds after which a started program is idle. */
const SETTLE = sized(8_000, 300);

const generator = generatorVersion();
readAnew(fileURLToPath(new URL('../pkarrd', import.meta.url)));
const network = await startTestNetworkThread({ nodes: 30 });
const everything = await startEverything(network.bootstrap);

/** Ours are started with the settings of the unit and these; what is used once is told to other processes. */
const ours = [
  ...Array.from({ length: PROCESSES }).flatMap(() => [
    { start: pkarrd, runtime: 'Node', isUsed: false },
    { start: pkarrdBun, runtime: 'Bun', isUsed: false },
  ]),
  { start: pkarrd, runtime: 'Node', isUsed: true },
  { start: pkarrdBun, runtime: 'Bun', isUsed: true },
].map((each, index) => {
  const name = `${each.runtime}${each.isUsed ? ', everything used' : `, process ${index}`}`;
  return { ...each, name, httpPort: FIRST_PORT + 40 + index };
});

/** Figures in octets, and answers in the cache; those of each process. */
const figures = new Map<
  string,
  { readonly idle: number; readonly full: number; readonly entries?: number }[]
>();
const used = new Map<string, { readonly full: number; readonly after: number; readonly opened: number }>();

await withScene(
  async ({ servers, queries }) => {
    const [many, few] = [NAMES, FEW_NAMES].map((count) => queries(`${count}.txt`, longNames(count)));
    const fill = (server: Server) => {
      const file = (small.includes(server.name) ? few : many) ?? '';
      return dnsperf(server, { file, limit: { times: 1 }, clients: 10, outstanding: 50 });
    };
    await sleep(SETTLE);
    const idles = servers.map(({ pid }) => residentBytes(pid));
    for (const [index, server] of servers.entries()) {
      const idle = idles[index] ?? Number.NaN;
      await fill(server);
      const full = residentBytes(server.pid);
      const own = ours.find(({ name }) => name === server.name);
      const name = own === undefined ? server.name : `pkarrd (${own.runtime})`;
      if (own?.isUsed) {
        await everything.use(server, own.httpPort);
        await sleep(SETTLE);
        const after = residentBytes(server.pid);
        used.set(name, { full, after, opened: await openedBytes(server.pid, own.httpPort) });
      } else {
        const entries = own === undefined ? {} : { entries: await cachedAnswers(own.httpPort) };
        figures.set(name, [...(figures.get(name) ?? []), { idle, full, ...entries }]);
      }
    }
    report(new Map(servers.map(({ name, version }) => [name, version])));
  },
  ours.map(({ start, name, httpPort, isUsed }) =>
    start([...words(httpPort), ...(isUsed ? everything.words : [])], name),
  ),
  [...debianPeers, ...bareEchoes],
);
await everything.close();
await network.close();

/**
 * Has the system read a file from the disk when it is used next, as after a start of the machine: of one that was just written it keeps larger
 * pieces, of which a process maps up to 5 MB more.
 */
function readAnew(file: string): void {
  if (!existsSync(file)) return;
  execFileSync('sync', [file]);
  execFileSync('dd', [`if=${file}`, 'iflag=nocache', 'count=0', 'status=none']);
}

function words(httpPort: number): readonly string[] {
  const nodes = network.bootstrap.flatMap(({ host, port }) => ['--bootstrap', `${host}:${port}`]);
  return ['--dht', 'on', ...nodes, '--dht-listen', `${HOST}:0`, '--http', `${HOST}:${httpPort}`];
}

/** Lines for the generator: names whose answers with an address have 60 octets. */
function* longNames(count: number): Generator<string> {
  for (let index = 0; index < count; index++) yield `n${String(index).padStart(11, '0')}.bench.example A`;
}

/** Answers in the cache. To be asked last: it starts the thread of the HTTP side. */
async function cachedAnswers(httpPort: number): Promise<number> {
  const { body } = await askRelay(httpPort, { path: '/metrics' });
  return valuesOf(String(body)).get('pkarrd_cache_entries') ?? Number.NaN;
}

/** Octets of memory of a process after people opened pages of its HTTP side. */
async function openedBytes(pid: number, port: number): Promise<number> {
  for (let index = 0; index < OPENED; index++) await askRelay(port, { path: '/' });
  await sleep(SETTLE);
  return residentBytes(pid);
}

function report(versions: ReadonlyMap<string, string>): void {
  const rows = [...figures].map(([name, each]) => {
    const [idle, full] = [median(each.map((one) => one.idle)), median(each.map((one) => one.full))];
    const entries = median(each.map((one) => one.entries ?? Number.NaN));
    const { full: before, after, opened } = used.get(name) ?? {};
    const more = after === undefined || before === undefined ? Number.NaN : after - before;
    note('idle', name, idle / 1e6);
    note('full', name, full / 1e6);
    note('entries', name, entries / 1e3);
    note('everything', name, more / 1e6);
    const version =
      versions.get(name) ?? versions.get(ours.find(({ runtime }) => name.includes(runtime))?.name ?? '');
    return [
      `${name} ${version}`,
      ...[
        idle / 1e6,
        full / 1e6,
        more / 1e6,
        ((opened ?? Number.NaN) - (before ?? Number.NaN)) / 1e6,
        entries / 1e3,
      ].map((value) => fixed(value)),
    ];
  });
  console.log('## Memory\n');
  console.log(
    `${machine()}; ours with the settings of the unit: one worker, the gateway listening and not used, the DHT of a test network`,
  );
  console.log(
    `joined; of ${PROCESSES} processes each, medians. The cache is filled by dnsperf ${generator} with ${NAMES} names whose answers have 60 octets, more`,
  );
  console.log(
    `than fit (${FEW_NAMES} for ${small.join(' and ')}). In other processes then everything is used once: an upstream over TLS and one over HTTPS, a`,
  );
  console.log(
    `relay, the gateway, publishing, the page; and at last ${OPENED} connections are opened to the HTTP side. MB resident, and by how much they`,
  );
  console.log('grow from full.\n');
  const heads = ['idle', 'full', 'everything used: more', 'pages opened: more', 'thousand answers'];
  console.log(table(['program', ...heads], rows));
}
