/**
 * Runs all compiled tests, or those whose path contains one of the given words, and prints a summary at the end.
 *
 * With `--booted` first, instead those below `booted`, which boot a machine, and with `--browsers` those below `browsers`, which
 * drive real browsers on a machine of their own: where that cannot be done they are skipped, loudly.
 *
 * Not `node --test`: it waits for ever for a test file whose process does not end, because a failed test left a socket open
 * or a child process holds its pipes. Here each file has a time limit, and so has the whole run.
 */
import { relative } from 'node:path';
import { whyNotBooted } from '../booted/support/whether.ts';
import { onOwnMachine, whyNoBrowsers } from '../browsers/support/own-machine.ts';
import { type FileOutcome, runTestFile } from './test-file.ts';
import { type Place, testFiles, testFolder } from './test-files.ts';
import { describeOutcome, summary } from './test-summary.ts';

/** How the tests of a place are run. */
interface Run {
  /** Files that run at the same time. They share a machine, and some of them measure. */
  readonly atOnce: number;
  /** Milliseconds for one file. */
  readonly fileLimitMs: number;
  /** Time limit in seconds for the whole run. */
  readonly limit: string;
  /** What is loudly skipped, and why; undefined if nothing is. */
  readonly skipped?: string | undefined;
  readonly within?: readonly string[];
}

const { place, words } = readArguments(process.argv.slice(2));
const { atOnce, fileLimitMs, limit, skipped, within = [] } = howToRun(place);
const { TEST_LIMIT_SECONDS = limit } = process.env;
if (skipped !== undefined) {
  console.log(`# SKIPPED: ${skipped}.`);
  process.exit(0);
}
const files = testFiles(words, place);

function readArguments([first = '', ...rest]: readonly string[]): { place: Place; words: readonly string[] } {
  if (first === '--booted') return { place: 'booted', words: rest };
  if (first === '--browsers') return { place: 'browsers', words: rest };
  return { place: 'here', words: first === '' ? [] : [first, ...rest] };
}

function howToRun(where: Place): Run {
  switch (where) {
    // The slowest file needs a third of its time, and all of them 8 minutes.
    case 'here':
      return { atOnce: 2, fileLimitMs: 150_000, limit: '900' };
    // A file may wait for others to end their machines.
    case 'booted': {
      const why = whyNotBooted();
      const what = `ALL TESTS OF A BOOTED MACHINE, for ${why}`;
      return { atOnce: 2, fileLimitMs: 900_000, limit: '1800', skipped: why && what };
    }
    // One browser has half a gigabyte.
    case 'browsers': {
      const why = whyNoBrowsers();
      const what = `ALL TESTS OF BROWSERS, for ${why}`;
      return { atOnce: 1, fileLimitMs: 300_000, limit: '1800', skipped: why && what, within: onOwnMachine };
    }
  }
}

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
      limitMs: fileLimitMs,
      signal: stop.signal,
      within,
    });
    outcomes.push(outcome);
    process.stdout.write(describeOutcome(outcome));
  }
}
await Promise.all(Array.from({ length: atOnce }, runWaiting));
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
