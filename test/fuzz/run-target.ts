/**
 * Runs one target, as a process of its own that `watch.ts` starts and watches:
 * `run-target.js NAME PROGRESS-FILE SEED MILLISECONDS MOST-EXECUTIONS`. Before each execution its case and its number are
 * written to the progress file, so that they are known however this process ends. Prints a line of JSON, a `TargetRun`.
 */
import { openSync, writeSync } from 'node:fs';
import { Random } from './random.ts';
import { targetNamed } from './targets.ts';
import type { TargetRun } from './watch.ts';

/** Milliseconds that one execution may take: inputs are small, so more means time that grows with some power of them. */
const SLOW = 2_000;

/** Distinguishes the cases of a seed; odd, its bits mixed. */
const STRIDE = 0x9e3779b1;

const [name = '', path = '', seed = '0', milliseconds = '0', most = '0'] = process.argv.slice(2);
const target = await targetNamed(name);
if (target === undefined) throw new Error(`There is no target ${name}.`);
const progress = openSync(path, 'r+');
const line = new Int32Array(2);
const startedAt = performance.now();
const atStart = process.cpuUsage();
const deadline = startedAt + Number(milliseconds);
let executions = 0;
let slowest = 0;
let before = startedAt;
while (executions < Number(most) && before < deadline) {
  const one = (Number(seed) + Math.imul(executions, STRIDE)) | 0;
  line[0] = one;
  line[1] = ++executions;
  writeSync(progress, line, 0, 8, 0);
  try {
    await attempt(one);
  } catch (error) {
    console.error(error);
    process.exit(1);
  }
  const now = performance.now();
  slowest = Math.max(slowest, now - before);
  // The machine may be busy with others, so what counts is the processor time of another try.
  if (now - before > SLOW) await checkTime(one);
  before = performance.now();
}
const seconds = (performance.now() - startedAt) / 1000;
const { user, system } = process.cpuUsage(atStart);
const processorSeconds = (user + system) / 1e6;
const run: TargetRun = { executions, seconds, processorSeconds, slowest };
console.log(JSON.stringify(run));
process.exit(0);

function attempt(one: number): void | Promise<void> {
  return target?.run(new Random(one));
}

async function checkTime(one: number): Promise<void> {
  const { user } = process.cpuUsage();
  await attempt(one);
  const took = (process.cpuUsage().user - user) / 1000;
  if (took < SLOW) return;
  console.error(new Error(`It takes ${Math.round(took)} ms.`));
  process.exit(1);
}
