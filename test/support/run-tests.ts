/**
 * Runs all compiled tests, or those whose path contains one of the given words, and prints a summary at the end.
 *
 * With `--booted` first, instead those below `booted`, which boot a machine: where that cannot be done they are skipped, loudly.
 *
 * Not `node --test`: it waits for ever for a test file whose process does not end, because a failed test left a socket open
 * or a child process holds its pipes. Here each file has a time limit, and so has the whole run.
 */
import { relative } from 'node:path';
import { whyNotBooted } from '../booted/support/whether.ts';
import { type FileOutcome, runTestFile } from './test-file.ts';
import { testFiles, testFolder } from './test-files.ts';
import { describeOutcome, summary } from './test-summary.ts';

/** Files that run at the same time. They share a machine, and some of them measure. */
const AT_ONCE = 2;
const isBooted = process.argv[2] === '--booted';
/** Milliseconds for one file; the slowest needs a sixth of them. A booted one may wait for others to end their machines. */
const FILE_LIMIT_MS = isBooted ? 900_000 : 150_000;
/** Time limit for the whole run, which needs 3 to 5 minutes. */
const { TEST_LIMIT_SECONDS = isBooted ? '1800' : '600' } = process.env;

const whySkipped = isBooted ? whyNotBooted() : undefined;
if (whySkipped !== undefined) {
  console.log(`# SKIPPED: ALL TESTS OF A BOOTED MACHINE, for ${whySkipped}.`);
  process.exit(0);
}
const files = testFiles(process.argv.slice(isBooted ? 3 : 2), isBooted ? 'booted' : 'here');

const startedAt = performance.now();
const stop = new AbortController();
const tooLong = setTimeout(
  () => stop.abort('time limit of the whole run'),
  Number(TEST_LIMIT_SECONDS) * 1000,
);
// Each may arrive twice: once for the process group, once from npm.
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
  process.on(signal, () => stop.abort(`received ${signal}`));
}

const waiting = [...files];
const outcomes: FileOutcome[] = [];
async function runWaiting(): Promise<void> {
  for (let file = waiting.shift(); file !== undefined && !stop.signal.aborted; file = waiting.shift()) {
    const outcome = await runTestFile(file, {
      name: relative(testFolder, file),
      limitMs: FILE_LIMIT_MS,
      signal: stop.signal,
    });
    outcomes.push(outcome);
    process.stdout.write(describeOutcome(outcome));
  }
}
await Promise.all(Array.from({ length: AT_ONCE }, runWaiting));
clearTimeout(tooLong);

const names = files.map((file) => relative(testFolder, file));
const missing = names.filter((file) => !outcomes.some(({ name }) => name === file));
const { text, isGood } = summary({
  outcomes,
  missing,
  reason: stop.signal.aborted ? String(stop.signal.reason) : undefined,
  milliseconds: performance.now() - startedAt,
});
process.stdout.write(text);
process.exitCode = isGood ? 0 : 1;
