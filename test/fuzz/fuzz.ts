/**
 * Gives odd inputs to the pure parts and to the whole program:
 *
 *     npm run fuzz -- --seconds N [--seed S] [--target NAME|pure|program] [--executions N] [--bun]
 *     npm run fuzz -- --target NAME --case=N
 *
 * The pure parts have two thirds of the time, the whole program has one. A failure prints the line that repeats it.
 */
import { spawnSync } from 'node:child_process';
import { availableParallelism } from 'node:os';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { bunProgram } from '../../tools/bun.ts';
import { ownFolder } from '../support/own-folder.ts';
import { fuzzProgram } from './program/program.ts';
import { targets } from './targets.ts';
import { runCase, runTarget } from './watch.ts';

const PROGRAM = 'program';
/** All targets but the whole program. */
const PURE = 'pure';

/** Of the time, when both are chosen. */
const PURE_SHARE = 2 / 3;

const { values } = parseArgs({
  options: {
    seconds: { type: 'string', default: '60' },
    seed: { type: 'string' },
    target: { type: 'string' },
    /** Runs one execution, with the case that a failure printed. */
    case: { type: 'string' },
    /** Ends after so many executions of the pure parts, however long they take. */
    executions: { type: 'string' },
    bun: { type: 'boolean', default: false },
  },
});

// So that what it started ends too.
for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => process.exit(1));
// What it writes, and what is killed with it has written.
process.env['TMPDIR'] = ownFolder().environment['TMPDIR'];

const { bun } = process.versions;
if (values.bun && bun === undefined) {
  const args = process.argv.slice(2).filter((word) => word !== '--bun');
  const { status } = spawnSync(bunProgram(), [fileURLToPath(import.meta.url), ...args], { stdio: 'inherit' });
  process.exit(status ?? 1);
}

const { target: wanted } = values;
const chosen = targets.filter(({ name }) => wanted === undefined || wanted === PURE || wanted === name);
const isWhole = wanted === PROGRAM || (wanted === undefined && values.executions === undefined);
if (chosen.length === 0 && !isWhole) {
  const names = [...targets.map(({ name }) => name), PURE, PROGRAM].join(', ');
  console.error(`There is no target ${wanted}; it is one of ${names}.`);
  process.exit(2);
}
if (values.case !== undefined) {
  for (const { name } of chosen) report(name, await runCase(name, Number(values.case)));
  process.exit(0);
}

const seed = Number(values.seed ?? Date.now() % 2 ** 31);
console.log(`# seed ${seed}, ${bun === undefined ? 'Node' : 'Bun'}`);
const milliseconds = Number(values.seconds) * 1000;
const forPure = chosen.length === 0 ? 0 : isWhole ? milliseconds * PURE_SHARE : milliseconds;
await fuzzPure();
if (isWhole) {
  const line = await fuzzProgram(seed, milliseconds - forPure);
  if (line === undefined) process.exit(1);
  console.log(line);
}
process.exit(0);

/** Runs the chosen targets, as many at a time as there are processors. A failure ends this process. */
async function fuzzPure(): Promise<void> {
  const lanes = Math.min(availableParallelism(), chosen.length);
  const limits = {
    milliseconds:
      values.executions === undefined ? (forPure * lanes) / chosen.length : Number.MAX_SAFE_INTEGER,
    executions:
      values.executions === undefined ? 2 ** 31 - 1 : Math.ceil(Number(values.executions) / chosen.length),
  };
  const waiting = [...chosen];
  const runNext = async (): Promise<void> => {
    for (let next = waiting.shift(); next !== undefined; next = waiting.shift())
      report(next.name, await runTarget(next.name, seed, limits));
  };
  await Promise.all(Array.from({ length: lanes }, runNext));
}

function report(name: string, outcome: Awaited<ReturnType<typeof runTarget>>): void {
  if ('case' in outcome) {
    console.error(outcome.text);
    const flag = bun === undefined ? '' : ' --bun';
    console.error(`# repeat it with: npm run fuzz -- --target ${name} --case=${outcome.case}${flag}`);
    process.exit(1);
  }
  const { executions, seconds, processorSeconds, slowest } = outcome;
  console.log(
    `${name}: ${executions} executions, ${Math.round(executions / processorSeconds)} a second of processor time, ` +
      `${seconds.toFixed(1)} s, the slowest ${slowest.toFixed(1)} ms`,
  );
}
