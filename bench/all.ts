// Runs every benchmark, or those that are named, with the peers, one after another, and puts their tables into bench/RESULTS.md, where
// the tables of others stay: node dist/bench/all.js [--print | --quick] [NAME …]. --print leaves the file and prints instead;
// --quick shows that each runs to its end, and writes nothing.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { loadavg, tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { barTable, FIGURES, type Figure } from './support/bars.ts';
import { BENCHMARKS } from './support/benchmarks.ts';
import { QUICK } from './support/quick.ts';
import {
  merged,
  type Results,
  readResults,
  stamped,
  TARGETS,
  withTargets,
  writeResults,
} from './support/results.ts';

const { values: flags, positionals } = parseArgs({
  allowPositionals: true,
  options: { print: { type: 'boolean', default: false }, quick: { type: 'boolean', default: false } },
});
const unknown = positionals.filter((name) => BENCHMARKS.every((benchmark) => benchmark.name !== name));
if (unknown.length > 0) {
  const names = BENCHMARKS.map(({ name }) => name).join(', ');
  console.error(`Unknown benchmark: ${unknown.join(', ')}. Benchmarks: ${names}.`);
  process.exit(2);
}
const wanted = BENCHMARKS.filter(({ name }) => positionals.length === 0 || positionals.includes(name));
const isWritten = !flags.print && !flags.quick;

const file = fileURLToPath(new URL('../../bench/RESULTS.md', import.meta.url));
const folder = mkdtempSync(join(tmpdir(), 'pkarrd-figures-'));
const collected = join(folder, 'figures');
const failed: string[] = [];
const total = wanted.reduce((sum, { seconds }) => sum + seconds, 0);
if (!flags.quick) console.error(`${wanted.length} benchmarks, about ${Math.ceil(total / 60)} minutes.`);
// What is printed instead of the file begins without its tables.
let results: Results = isWritten
  ? readResults(readFileSync(file, 'utf8'))
  : { intro: '# Results', sections: [] };
for (const { name, seconds } of wanted) {
  const began = new Date();
  console.error(`${clockTime(began)} ${name}${flags.quick ? '' : `, about ${seconds} s`}`);
  const load = loadavg()[0]?.toFixed(1);
  writeFileSync(collected, '');
  const printed = await outputOf(name);
  if (printed === undefined) failed.push(name);
  else {
    const when = `${began.toISOString().slice(0, 10)} ${clockTime(began)}`;
    const lines = readFileSync(collected, 'utf8').split('\n').filter(Boolean);
    const figures = lines.map((line) => JSON.parse(line) as Figure);
    const earlier = results.sections.find(({ title }) => title === TARGETS)?.text;
    const span = `${when} to ${clockTime(new Date())} UTC, load average ${load} before it`;
    results = merged(
      withTargets(results, barTable(figures, when, earlier)),
      name,
      stamped(name, printed, span),
    );
    // After each, so that a run that is ended keeps what it has.
    if (isWritten) writeFileSync(file, writeResults(results));
  }
}
rmSync(folder, { recursive: true });
if (!isWritten) process.stdout.write(writeResults(results));
if (failed.length > 0) {
  console.error(`Failed: ${failed.join(', ')}.`);
  process.exitCode = 1;
}

/** What a benchmark prints; undefined if it fails. */
async function outputOf(name: string): Promise<string | undefined> {
  const script = fileURLToPath(new URL(`${name}.js`, import.meta.url));
  const child = spawn(process.execPath, [script], {
    stdio: ['ignore', 'pipe', 'inherit'],
    env: { ...process.env, [FIGURES]: collected, ...(flags.quick && { [QUICK]: '1' }) },
  });
  let text = '';
  child.stdout.setEncoding('utf8').on('data', (piece: string) => {
    text += piece;
  });
  const [code] = await once(child, 'close');
  return code === 0 ? text : undefined;
}

function clockTime(date: Date): string {
  return date.toISOString().slice(11, 16);
}
