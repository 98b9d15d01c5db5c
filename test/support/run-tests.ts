/**
 * Runs all tests that were compiled, or those whose path contains one of the words given, and ends with a summary.
 *
 * `node --test` is not used: it waits for ever when the process of a file does not end, be it for a socket that a test
 * which failed left open or for a child that still has its pipes. Here every file has a bound, and so has the whole.
 */
import { relative } from 'node:path';
import { type FileOutcome, runTestFile } from './test-file.ts';
import { testFiles, testFolder } from './test-files.ts';
import { describeOutcome, summary } from './test-summary.ts';

/** Files that run at the same time: they share a machine, and some of them measure. */
const AT_ONCE = 2;
/** Milliseconds for one file. The slowest needs a sixth of it. */
const FILE_LIMIT_MS = 150_000;
/** What the caller has left for all of them. They need 3 to 4 minutes. */
const { TEST_LIMIT_SECONDS = '600' } = process.env;

const files = testFiles(process.argv.slice(2));

const startedAt = performance.now();
const stop = new AbortController();
const tooLong = setTimeout(
  () => stop.abort('the time for all tests was over'),
  Number(TEST_LIMIT_SECONDS) * 1000,
);
// Each may come twice: to the group, and from npm.
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
  process.on(signal, () => stop.abort(`${signal} came`));
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
