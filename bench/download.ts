// Latency of cached answers while 1 GB is downloaded through the gateway: node dist/bench/download.js
import { spawn } from 'node:child_process';
import type { ServerResponse } from 'node:http';
import { startTestNetwork } from '../src/testnet/test-network.ts';
import { calm, calmSentence } from './support/calm.ts';
import { dnsperf, generatorVersion } from './support/dnsperf.ts';
import { startKeySite } from './support/key-site.ts';
import { pkarrd, pkarrdBun } from './support/peers.ts';
import { residentBytes, type Server } from './support/process.ts';
import { sized } from './support/quick.ts';
import { fixed, machine, median, percentile, table } from './support/report.ts';
import { FIRST_PORT, names, withScene } from './support/scene.ts';

const NAMES = sized(1_000, 100);
const RATE = 1_000;
const ROUNDS = sized(3, 1);
const SECONDS = sized(3, 0.2);
const OCTETS = 1e9;
/**
 * The downloads, in octets a second: `rate` is what the site sends, as over a line of that speed, and `limit` what curl takes, which
 * sleeps for tens of milliseconds and then takes megabytes at once. At full speed the generator and the two ends of the download
 * alone fill two cores.
 */
const DOWNLOADS = {
  'at 20 MB a second': { rate: 20e6, limit: '0' },
  'at 100 MB a second': { rate: 100e6, limit: '0' },
  'at 100 MB a second, taken in bursts': { rate: undefined, limit: '100M' },
  'at full speed': { rate: undefined, limit: '0' },
} as const;
type DownloadName = keyof typeof DOWNLOADS;
const downloads = (Object.keys(DOWNLOADS) as DownloadName[]).slice(0, sized(4, 1));

const generator = generatorVersion();
const network = await startTestNetwork({ nodes: 20 });
const site = await startKeySite(network.bootstrap, ({ url = '' }, response) => {
  const rate = Number(new URL(url, 'https://site').searchParams.get('rate'));
  if (rate > 0) sendAtRate(response, OCTETS, rate);
  else sendOctets(response, OCTETS);
});

/** The same download, past the gateway: what the two ends of it and the generator take of two cores by themselves. */
const DIRECT = ', from the site itself';
const siteUrl = `https://127.0.0.1:${site.port}/`;

/** What each of our servers is started with; the port of the gateway is beside that of DNS. */
const words = (index: number) => [
  ...['--dht', 'on', ...network.bootstrap.flatMap(({ host, port }) => ['--bootstrap', `${host}:${port}`])],
  ...['--http', `127.0.0.1:${httpPort(index)}`, '--gateway-private', site.key],
];

await withScene(
  async ({ servers, queries }) => {
    const file = queries('cached', names(NAMES));
    const load = { file, clients: 1, outstanding: 100, rate: RATE, each: true };
    for (const server of servers) await dnsperf(server, { ...load, rate: 10_000, limit: { times: 2 } });
    const kinds = [
      { what: 'idle', name: undefined, isDirect: false },
      ...[false, true].flatMap((isDirect) =>
        downloads.map((name) => ({ what: `${name}${isDirect ? DIRECT : ''}`, name, isDirect })),
      ),
    ];
    const runs = new Map<string, number[]>();
    const peaks = new Map<string, number>();
    let lost = 0;
    for (let round = 0; round < ROUNDS; round++) {
      for (const [index, server] of servers.entries()) {
        for (const { what, name, isDirect } of kinds) {
          const url = isDirect ? siteUrl : gatewayUrl(index);
          const { run, octets } = await calm(async () => {
            const download = name === undefined ? undefined : startDownload(server, url, name);
            const run = await dnsperf(server, { ...load, limit: { seconds: SECONDS } });
            return { run, octets: (await download?.()) ?? residentBytes(server.pid) };
          });
          const key = `${server.name} ${what}`;
          peaks.set(key, Math.max(peaks.get(key) ?? 0, octets));
          runs.set(key, [...(runs.get(key) ?? []), percentile(run.latencies, 0.99)]);
          lost += run.lost;
        }
      }
    }
    const rows = servers.flatMap(({ name, version }) =>
      kinds.map(({ what }) => {
        const p99 = runs.get(`${name} ${what}`) ?? [];
        const idle = runs.get(`${name} idle`) ?? [];
        // Each round is compared by itself, since the load of the machine changes between rounds.
        const ratio = median(p99.map((value, round) => value / (idle[round] ?? Number.NaN)));
        const peak = (peaks.get(`${name} ${what}`) ?? 0) / 1e6;
        return [`${name} ${version}`, what, fixed(median(p99), 3), fixed(ratio, 2), fixed(peak, 0)];
      }),
    );
    console.log('## Cached answers while 1 GB is downloaded through the gateway\n');
    console.log(
      `${machine()}; dnsperf ${generator}, the site, the DHT and curl on the same machine, ${NAMES} names, ${RATE} a second,`,
    );
    console.log(
      `${ROUNDS} interleaved rounds of ${SECONDS} s, medians of the rounds; ${lost} queries lost in all.`,
    );
    console.log(`${calmSentence()}\n`);
    console.log(table(['program', 'download', 'p99 ms', '× idle', 'most MB'], rows));
  },
  [pkarrd(words(0)), pkarrdBun(words(1))],
  [],
);
site.close();
await network.close();

function httpPort(index: number): number {
  return FIRST_PORT + 10 + index;
}

function gatewayUrl(index: number): string {
  return `http://127.0.0.1:${httpPort(index)}/`;
}

/** Downloads again and again. @returns what ends it, and resolves with the most octets of memory that the server had meanwhile. */
function startDownload(server: Server, url: string, name: DownloadName): () => Promise<number> {
  const { rate, limit } = DOWNLOADS[name];
  const host = `Host: ${site.key}.localhost`;
  let isOver = false;
  let child = spawn('true');
  const again = () => {
    child = spawn('curl', [
      '--silent',
      '--insecure',
      '--fail',
      '--limit-rate',
      limit,
      '--output',
      '/dev/null',
      '--header',
      host,
      rate === undefined ? url : `${url}?rate=${rate}`,
    ]);
    child.once('exit', (code) => {
      if (code !== 0 && !isOver) throw new Error(`curl ended with ${code}`);
      if (!isOver) again();
    });
  };
  again();
  let most = 0;
  const watch = setInterval(() => {
    most = Math.max(most, residentBytes(server.pid));
  }, 50);
  return async () => {
    isOver = true;
    clearInterval(watch);
    child.kill();
    return most;
  };
}

function sendOctets(response: ServerResponse, octets: number): void {
  const piece = Buffer.alloc(65_536);
  let left = octets;
  response.writeHead(200, { 'content-length': octets });
  const write = () => {
    while (left > 0) {
      const next = piece.subarray(0, left);
      left -= next.length;
      if (!response.write(next)) {
        response.once('drain', write);
        return;
      }
    }
    response.end();
  };
  write();
}

/** Sends each millisecond what the rate allows, in octets a second. */
function sendAtRate(response: ServerResponse, octets: number, rate: number): void {
  const piece = Buffer.alloc(16_384);
  const begun = performance.now();
  let sent = 0;
  response.writeHead(200, { 'content-length': octets });
  const timer = setInterval(() => {
    const due = Math.min(octets, ((performance.now() - begun) / 1_000) * rate);
    while (sent < due && !response.writableNeedDrain) {
      const next = piece.subarray(0, octets - sent);
      sent += next.length;
      response.write(next);
    }
    if (sent === octets) response.end();
  }, 1);
  response.once('close', () => clearInterval(timer));
}
