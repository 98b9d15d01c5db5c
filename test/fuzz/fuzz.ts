/**
 * Gives odd inputs to the pure parts and to the whole program: `npm run fuzz -- --seconds N [--seed S] [--target NAME]
 * [--bun]`. A failure prints the line that repeats it.
 */
import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { bunProgram } from '../../tools/bun.ts';
import { fuzzProgram } from './program.ts';
import { Random } from './random.ts';
import type { FuzzTarget } from './target.ts';
import { configuration } from './targets/configuration.ts';
import { dnsMessages } from './targets/dns-message.ts';
import { krpc } from './targets/krpc.ts';
import { signedPackets } from './targets/signed-packet.ts';
import { zoneFiles } from './targets/zone-file.ts';

const targets: readonly FuzzTarget[] = [dnsMessages, signedPackets, zoneFiles, krpc, configuration];
const PROGRAM = 'program';

/** Milliseconds that one execution may take: inputs are small, so more means time that grows with some power of them. */
const SLOW = 2_000;

/** Executions between two looks at the clock. */
const BATCH = 20;

const { values } = parseArgs({
  options: {
    seconds: { type: 'string', default: '60' },
    seed: { type: 'string' },
    target: { type: 'string' },
    /** Runs one execution with this seed. */
    case: { type: 'string' },
    bun: { type: 'boolean', default: false },
  },
});

const { bun } = process.versions;
if (values.bun && bun === undefined) {
  const args = process.argv.slice(2).filter((word) => word !== '--bun');
  const { status } = spawnSync(bunProgram(), [fileURLToPath(import.meta.url), ...args], { stdio: 'inherit' });
  process.exit(status ?? 1);
}

const seed = Number(values.seed ?? Date.now() % 2 ** 31);
const chosen = targets.filter(({ name }) => values.target === undefined || values.target === name);
const isWhole = values.target === undefined || values.target === PROGRAM;
if (chosen.length === 0 && !isWhole) {
  const names = [...targets.map(({ name }) => name), PROGRAM].join(', ');
  console.error(`There is no target ${values.target}; it is one of ${names}.`);
  process.exit(2);
}
if (values.case !== undefined) {
  for (const target of chosen) await target.run(new Random(Number(values.case)));
  process.exit(0);
}

console.log(`# seed ${seed}, ${bun === undefined ? 'Node' : 'Bun'}`);
const milliseconds = Number(values.seconds) * 1000;
const share = milliseconds / (chosen.length + (isWhole ? Math.max(1, chosen.length) : 0));
for (const target of chosen) await fuzz(target, share);
if (isWhole) {
  const executions = await fuzzProgram(seed, milliseconds - share * chosen.length);
  console.log(`${PROGRAM}: ${executions} messages`);
}

/** Runs a target for some time. A failure ends this process. */
async function fuzz(target: FuzzTarget, duration: number): Promise<void> {
  const startedAt = performance.now();
  let executions = 0;
  let slowest = 0;
  while (performance.now() - startedAt < duration) {
    for (let count = 0; count < BATCH; count++, executions++) {
      const one = (seed + Math.imul(executions, 0x9e3779b1)) | 0;
      const before = performance.now();
      try {
        const pending = target.run(new Random(one));
        if (pending !== undefined) await pending;
      } catch (error) {
        fail(target, one, error);
      }
      const took = performance.now() - before;
      slowest = Math.max(slowest, took);
      if (took > SLOW) fail(target, one, new Error(`It took ${Math.round(took)} ms.`));
    }
  }
  const rate = Math.round(executions / ((performance.now() - startedAt) / 1000));
  console.log(
    `${target.name}: ${executions} executions, ${rate} a second, the slowest ${slowest.toFixed(1)} ms`,
  );
}

function fail({ name }: FuzzTarget, one: number, error: unknown): never {
  console.error(error);
  console.error(`# repeat it with: npm run fuzz -- --target ${name} --case ${one}`);
  process.exit(1);
}
