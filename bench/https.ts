// DNS over HTTPS: cached answers on one session and on a hundred, compared to the peers: node dist/bench/https.js
import { spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { loadavg, tmpdir } from 'node:os';
import { join } from 'node:path';
import { Type } from '../src/dns/codes.ts';
import { EdnsOptionCode } from '../src/dns/edns.ts';
import { encodeMessage } from '../src/dns/message.ts';
import { query } from '../test/support/dns-client.ts';
import { note } from './support/bars.ts';
import { httpsPeers } from './support/https-peers.ts';
import { startUpstream } from './support/peers.ts';
import { cpuSeconds, HOST, type Server, versionOf } from './support/process.ts';
import { fixed, machine, median, table } from './support/report.ts';
import { FIRST_PORT } from './support/scene.ts';

const ROUNDS = 5;

/** A query of 128 octets, padded as browsers pad them; its answer is padded by those who do. */
const NAME = 'probe.bench.example';
const message = padded(128);

/** How the generator asks: so many requests, on so many sessions, so many at a time on each. */
const loads = {
  'POST, 1 session': { words: ['-c', '1', '-m', '100', '-n', '20000'], isGet: false },
  'GET, 1 session': { words: ['-c', '1', '-m', '100', '-n', '20000'], isGet: true },
  'POST, 100 sessions': { words: ['-c', '100', '-m', '1', '-n', '10000'], isGet: false },
} as const;
type LoadName = keyof typeof loads;
const loadNames = Object.keys(loads) as LoadName[];

/** A server, and its port for HTTPS. */
interface HttpsServer {
  readonly server: Server;
  readonly port: number;
}

interface Run {
  readonly perSecond: number;
  readonly cpuMicroseconds: number;
  readonly lost: number;
}

const generator = versionOf('h2load', '--version');
if (generator === undefined) throw new Error('h2load is missing: apt-get install nghttp2-client');
const folder = mkdtempSync(join(tmpdir(), 'pkarrd-bench-'));
const body = join(folder, 'query');
writeFileSync(body, message);
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
  const runs = new Map<string, Run[]>();
  const keyOf = (name: string, load: LoadName) => `${name} ${load}`;
  for (let round = 0; round < ROUNDS; round++) {
    for (const load of loadNames) {
      for (const target of started) {
        const key = keyOf(target.server.name, load);
        runs.set(key, [...(runs.get(key) ?? []), measure(target, load)]);
      }
    }
  }
  const of = (name: string, load: LoadName, what: keyof Run) =>
    median((runs.get(keyOf(name, load)) ?? []).map((run) => run[what]));
  const cpu = (name: string) =>
    Math.max(of(name, 'POST, 1 session', 'cpuMicroseconds'), of(name, 'GET, 1 session', 'cpuMicroseconds'));
  for (const { server } of started) {
    const { name } = server;
    note('https-cpu', name, cpu(name));
    note('https-echo', name, cpu(name) / cpu(`bare echo (${name.includes('Bun') ? 'Bun' : 'Node'})`));
    note('https-peer', name, cpu(name) / cpu('dnsdist'));
  }
  console.log('## Cached answers over HTTPS\n');
  console.log(
    `${machine()}; load average ${loadavg()
      .map((load) => load.toFixed(1))
      .join(' ')}; h2load ${generator} on the same machine, one`,
  );
  console.log(
    `name, a padded query of 128 octets, ${ROUNDS} interleaved rounds, medians. A hundred sessions: handshakes included.\n`,
  );
  console.log(
    table(
      ['program', ...loadNames.flatMap((load) => [`${load}: CPU µs`, 'requests/s']), 'lost'],
      started.map(({ server: { name, version } }) => [
        `${name} ${version}`,
        ...loadNames.flatMap((load) => [
          fixed(of(name, load, 'cpuMicroseconds')),
          fixed(of(name, load, 'perSecond'), 0),
        ]),
        loadNames
          .flatMap((load) => runs.get(keyOf(name, load)) ?? [])
          .reduce((sum, { lost }) => sum + lost, 0),
      ]),
    ),
  );
} finally {
  for (const { server } of started) await server.stop();
  await upstream.stop();
  rmSync(folder, { recursive: true, force: true });
}

/** A query that is filled to `octets` with the padding option (RFC 7830). */
function padded(octets: number): Uint8Array {
  const of = (padding: number) =>
    encodeMessage(
      query(NAME, Type.A, {
        id: 0,
        edns: {
          ...{ udpPayloadSize: 1232, version: 0, dnssecOk: false },
          options: [{ code: EdnsOptionCode.PADDING, data: new Uint8Array(padding) }],
        },
      }),
    );
  return of(octets - of(0).length);
}

function measure({ server, port }: HttpsServer, load: LoadName): Run {
  const { words, isGet } = loads[load];
  const url = `https://${HOST}:${port}/dns-query`;
  const what = isGet
    ? [`${url}?dns=${Buffer.from(message).toString('base64url')}`]
    : ['-d', body, '-H', 'content-type: application/dns-message', url];
  const before = cpuSeconds(server.pid);
  const { stdout } = spawnSync('h2load', [...words, '-H', 'accept: application/dns-message', ...what], {
    encoding: 'utf8',
    timeout: 120_000,
  });
  const used = cpuSeconds(server.pid) - before;
  const perSecond = Number(/, ([\d.]+) req\/s/.exec(stdout)?.[1]);
  const succeeded = Number(/status codes: (\d+) 2xx/.exec(stdout)?.[1] ?? 0);
  const asked = Number(words.at(-1));
  return { perSecond, cpuMicroseconds: (used / succeeded) * 1e6, lost: asked - succeeded };
}
