/** Runs the compiled tests on Bun, and those of the one-file binary: all, or those whose path contains one of the words. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { join, relative } from 'node:path';
import { ownFolder } from '../test/support/own-folder.ts';
import { killGroup } from '../test/support/test-file.ts';
import { testFiles } from '../test/support/test-files.ts';
import { bunProgram, root } from './bun.ts';

/** Milliseconds for one test. Bun's default is 5 s; Node has no limit. */
const TEST_TIMEOUT = 120_000;

/** Milliseconds for one file; the slowest needs a third of it. */
const FILE_LIMIT = 150_000;

/** Files that run at the same time. They share a machine, and some of them measure. */
const AT_A_TIME = 2;

/** Number of tests for each outcome, as Bun names it. */
const total = { pass: 0, fail: 0, skip: 0 };
const failed: string[] = [];

const bun = bunProgram();
const files = [...testFiles(process.argv.slice(2))];
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, () => process.exit(1));
// Each file that runs adds a listener, which kills its process group when this program exits.
process.setMaxListeners(AT_A_TIME + 10);
await Promise.all(Array.from({ length: AT_A_TIME }, work));
console.log(`# bun: ${total.pass} pass, ${total.fail} fail, ${total.skip} skipped`);
for (const file of failed) console.log(`# failed: ${file}`);
process.exitCode = failed.length === 0 ? 0 : 1;

async function work(): Promise<void> {
  for (let file = files.shift(); file !== undefined; file = files.shift()) await run(file);
}

/** A process for each file, as on Node. */
async function run(file: string): Promise<void> {
  const name = relative(root, file);
  const startedAt = performance.now();
  const folder = ownFolder();
  const child = spawn(bun, ['test', '--timeout', String(TEST_TIMEOUT), `./${name}`], {
    cwd: root,
    // Not PKARRD_…: the program takes those for settings.
    env: { ...folder.environment, TEST_BINARY: join(root, 'dist', 'pkarrd'), NO_COLOR: '1' },
    stdio: ['ignore', 'pipe', 'pipe'],
    // A process group of its own, killed when it exits: nothing that it started can keep the pipes open.
    detached: true,
  });
  const endGroup = () => void killGroup(child);
  const tooLong = setTimeout(endGroup, FILE_LIMIT);
  // Before its files are removed.
  process.prependOnceListener('exit', endGroup);
  child.once('exit', endGroup);
  let output = '';
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding('utf8').on('data', (text: string) => {
      output += text;
    });
  }
  const [code] = await once(child, 'close');
  clearTimeout(tooLong);
  process.off('exit', endGroup);
  folder.remove();
  for (const outcome of ['pass', 'fail', 'skip'] as const) {
    total[outcome] += Number(new RegExp(`^ *(\\d+) ${outcome}$`, 'm').exec(output)?.[1] ?? 0);
  }
  const seconds = ((performance.now() - startedAt) / 1000).toFixed(1);
  if (code === 0) {
    console.log(`ok ${name} (${seconds} s)`);
    return;
  }
  failed.push(name);
  console.log(`not ok ${name} (${seconds} s)\n${output.replace(/^/gm, '  ')}`);
}
