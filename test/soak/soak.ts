/**
 * Runs the program under mixed load, prints what it holds as time goes by, and says at the end whether that grows:
 * `npm run soak -- --minutes N [--rate N] [--program FILE] [--leak OCTETS]`. FILE is the one-file binary; without it, the
 * program runs on this Node. `--leak` has it keep so many octets a query, to see that this is noticed. In a run of a few
 * minutes a program still warms up, and seems to leak. Linux only.
 */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { trendOf } from './judge.ts';
import { startLoad } from './load.ts';
import { type Sample, type Settled, sample, settled } from './measure.ts';
import { Programs } from './programs.ts';
import { startUpstreams } from './upstreams.ts';

/** Keys with a zone in the test network. */
const KEYS = 8;

/** Octets of the caches of answers and of packets: so small that they are full within the first third of a run. */
const CACHE_SIZE = 1_000_000;

/** Measurements after a garbage collection in a run. Few, so that a long run collects its garbage mostly by itself. */
const MEASUREMENTS = 30;

/** Octets a query that are not told from noise: what they make in an hour of this load is less than a heap varies by. */
const LEAST_LEAK = 16;

/** By how many descriptors there may be more in the last third than in the middle third. */
const MAX_MORE_DESCRIPTORS = 5;

const { values } = parseArgs({
  options: {
    minutes: { type: 'string', default: '10' },
    rate: { type: 'string', default: '300' },
    seed: { type: 'string', default: '1' },
    leak: { type: 'string', default: '0' },
    program: { type: 'string' },
  },
});
const rate = Number(values.rate);
/** Seconds between two measurements: a minute, or less in a run of less than half an hour. */
const step = Math.min(60, (60 * Number(values.minutes)) / MEASUREMENTS);
const steps = Math.round((60 * Number(values.minutes)) / step);
/** Each so manieth measurement comes after a garbage collection. */
const settleEvery = Math.ceil(steps / MEASUREMENTS);

const main = fileURLToPath(new URL('../../program/main.js', import.meta.url));
const directory = mkdtempSync(join(tmpdir(), 'pkarrd-soak-'));
const probe = join(directory, 'probe');
const programs = new Programs(values.program === undefined ? [process.execPath, main] : [values.program]);
const upstreams = await startUpstreams();
// Whoever ends the soak ends what it started.
for (const signal of ['SIGINT', 'SIGTERM'] as const)
  process.once(signal, () => {
    end().finally(() => process.exit(1));
  });
try {
  process.exitCode = await soak();
} finally {
  await end();
}

async function end(): Promise<void> {
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
      ...['--cache-size', String(CACHE_SIZE), '--packet-cache-size', String(CACHE_SIZE)],
      ...upstreams.texts.flatMap((text) => ['--upstream', text]),
    ],
    /Ready\. listen=127\.0\.0\.1:(\d+)/,
    probeVariables(),
  );
  const address = { host: '127.0.0.1', port: Number(server.printed) };
  const load = startLoad(address, keys, rate, Number(values.seed));
  const samples: Sample[] = [];
  const rests: Settled[] = [];
  console.log(
    'minute      sent  received  RSS MB  descriptors  CPU %  cached ms: median / 99 % / most    after GC: RSS / live MB',
  );
  try {
    for (let count = 1; count <= steps; count++) {
      await sleep(step * 1000);
      if (!server.isRunning()) throw new Error(`The program ended: ${server.log()}`);
      const now = sample(server.pid);
      const cpu = (now.cpu - (samples.at(-1)?.cpu ?? 0)) / step;
      samples.push(now);
      const rest = count % settleEvery === 0 ? await settled(server.pid, probe) : undefined;
      if (rest !== undefined) rests.push(rest);
      console.log(line((count * step) / 60, load.counts, now, cpu, load.takeRoundTrips(), rest));
    }
  } finally {
    load.stop();
  }
  return verdict(samples, rests, load.counts.sent);
}

/** Has the program load `probe.ts`, whichever runtime it runs on. */
function probeVariables(): Readonly<Record<string, string>> {
  const file = fileURLToPath(new URL('./probe.js', import.meta.url));
  const { NODE_OPTIONS: nodeOptions = '', BUN_OPTIONS: bunOptions = '' } = process.env;
  return {
    SOAK_PROBE: probe,
    SOAK_LEAK: String(Number(values.leak) * rate),
    NODE_OPTIONS: `${nodeOptions} --import ${file}`,
    BUN_OPTIONS: `${bunOptions} --preload ${file}`,
  };
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
  rest: Settled | undefined,
): string {
  const at = (share: number) =>
    (roundTrips[Math.floor(share * (roundTrips.length - 1))] ?? Number.NaN).toFixed(1);
  const parts = [
    minute.toFixed(Number.isInteger(minute) ? 0 : 1).padStart(6),
    String(sent).padStart(10),
    String(received).padStart(10),
    rss.toFixed(1).padStart(8),
    String(descriptors).padStart(13),
    (100 * cpu).toFixed(1).padStart(7),
    `  ${at(0.5)} / ${at(0.99)} / ${at(1)}`.padEnd(37),
  ];
  return rest === undefined
    ? parts.join('')
    : `${parts.join('')}${rest.rss.toFixed(1).padStart(8)} / ${rest.live.toFixed(2)}`;
}

/**
 * Whether something grows. What a leak holds survives every garbage collection, so memory is judged by what is left after one:
 * the resident set for everything, and the live heap, which varies less, for objects.
 */
function verdict(samples: readonly Sample[], rests: readonly Settled[], sent: number): number {
  /** Queries between the middle of the middle third and that of the last one. */
  const queries = sent / 3;
  const grows = (what: string, measurements: readonly number[]) => {
    const { growth, noise } = trendOf(measurements);
    const bound = Math.max(noise, (LEAST_LEAK * queries) / 2 ** 20);
    const isLeak = growth > bound;
    console.log(
      `# ${what}: ${growth.toFixed(2)} MB more in the last third than in the middle third, noise up to ${bound.toFixed(2)} MB: ` +
        `${((growth * 2 ** 20) / queries).toFixed(1)} octets a query${isLeak ? ', A LEAK' : ''}`,
    );
    return isLeak;
  };
  const descriptors = trendOf(samples.map((one) => one.descriptors)).growth;
  console.log(`# descriptors: ${descriptors} more in the last third than in the middle third`);
  const leaks = [
    grows(
      'RSS after GC',
      rests.map(({ rss }) => rss),
    ),
    grows(
      'live heap',
      rests.map(({ live }) => live),
    ),
  ];
  return leaks.includes(true) || descriptors > MAX_MORE_DESCRIPTORS ? 1 : 0;
}
