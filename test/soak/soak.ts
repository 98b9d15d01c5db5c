/**
 * Runs the program under mixed load, and prints once a minute what it holds: `npm run soak -- --minutes N [--rate N]
 * [--program FILE]`. FILE is the one-file binary; without it, the program runs on this Node. Linux only.
 */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { startLoad } from './load.ts';
import { type Sample, sample, slope } from './measure.ts';
import { Programs } from './programs.ts';
import { startUpstreams } from './upstreams.ts';

/** Keys with a zone in the test network. */
const KEYS = 8;

/** By how much memory may grow over the second half of a run: more is no noise. */
const MAX_GROWTH = 0.1;

/** By how many descriptors their number may grow over the second half. */
const MAX_MORE_DESCRIPTORS = 5;

const { values } = parseArgs({
  options: {
    minutes: { type: 'string', default: '10' },
    rate: { type: 'string', default: '300' },
    seed: { type: 'string', default: '1' },
    program: { type: 'string' },
  },
});
const main = fileURLToPath(new URL('../../program/main.js', import.meta.url));
const directory = mkdtempSync(join(tmpdir(), 'pkarrd-soak-'));
const programs = new Programs(values.program === undefined ? [process.execPath, main] : [values.program]);
const upstreams = await startUpstreams();
try {
  process.exitCode = await soak();
} finally {
  await programs.close();
  upstreams.close();
  rmSync(directory, { recursive: true, force: true });
}

async function soak(): Promise<number> {
  const testnet = await programs.start(['testnet', '--nodes', '30'], /^(127\.0\.0\.1:\d+)\n/);
  const network = ['--config', '/dev/null', '--bootstrap', testnet.printed, '--relay', 'none'];
  const keys = await publishZones(network);
  const server = await programs.start(
    [
      ...['serve', ...network, '--listen', '127.0.0.1:0', '--state-dir', join(directory, 'state')],
      ...upstreams.texts.flatMap((text) => ['--upstream', text]),
    ],
    /Ready\. listen=127\.0\.0\.1:(\d+)/,
  );
  const address = { host: '127.0.0.1', port: Number(server.printed) };
  const load = startLoad(address, keys, Number(values.rate), Number(values.seed));
  const samples: Sample[] = [];
  console.log('minute      sent  received  RSS MB  descriptors  CPU %  cached ms: median / 99 % / most');
  try {
    for (let minute = 1; minute <= Number(values.minutes); minute++) {
      await sleep(60_000);
      if (!server.isRunning()) throw new Error(`The program ended: ${server.log()}`);
      const now = sample(server.pid);
      const cpu = now.cpu - (samples.at(-1)?.cpu ?? 0);
      samples.push(now);
      console.log(line(minute, load.counts, now, cpu / 60, load.takeRoundTrips()));
    }
  } finally {
    load.stop();
  }
  return verdict(samples);
}

async function publishZones(network: readonly string[]): Promise<readonly string[]> {
  const zone = join(directory, 'zone');
  writeFileSync(zone, '@ A 192.0.2.1\nwww A 192.0.2.2\n*.w TXT "x"\n');
  const keys: string[] = [];
  for (let index = 0; index < KEYS; index++) {
    const file = join(directory, `${index}.key`);
    keys.push((await programs.run(['keygen', '--out', file])).trim());
    const state = ['--state-dir', join(directory, 'publisher')];
    await programs.run(['publish', zone, '--key', file, ...network, ...state]);
  }
  return keys;
}

/** A cached answer waits for the event loop alone, so its round trip is the delay of that. */
function line(
  minute: number,
  { sent, received }: { readonly sent: number; readonly received: number },
  { rss, descriptors }: Sample,
  cpu: number,
  roundTrips: readonly number[],
): string {
  const at = (share: number) =>
    (roundTrips[Math.floor(share * (roundTrips.length - 1))] ?? Number.NaN).toFixed(1);
  return [
    String(minute).padStart(6),
    String(sent).padStart(10),
    String(received).padStart(10),
    rss.toFixed(1).padStart(8),
    String(descriptors).padStart(13),
    (100 * cpu).toFixed(1).padStart(7),
    `  ${at(0.5)} / ${at(0.99)} / ${at(1)}`,
  ].join('');
}

/** Whether something grows. The first half is left out: caches fill. */
function verdict(samples: readonly Sample[]): number {
  const half = samples.slice(Math.floor(samples.length / 2));
  const memory = slope(half.map(({ rss }) => rss));
  const descriptors = slope(half.map((one) => one.descriptors));
  const growth = (memory * (half.length - 1)) / (half[0]?.rss ?? 1);
  console.log(
    `# second half: RSS ${memory.toFixed(3)} MB a minute (${(100 * growth).toFixed(1)} %), ` +
      `descriptors ${descriptors.toFixed(3)} a minute`,
  );
  const more = descriptors * (half.length - 1);
  return growth > MAX_GROWTH || more > MAX_MORE_DESCRIPTORS ? 1 : 0;
}
