// Runs every benchmark, with the peers, one after another: node dist/bench/all.js [NAME …] > bench/RESULTS.md
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { barTable, FIGURES, type Figure } from './support/bars.ts';
import { BENCHMARKS } from './support/benchmarks.ts';

const wanted = process.argv.slice(2);
const unknown = wanted.filter((name) => !BENCHMARKS.includes(name));
if (unknown.length > 0) {
  console.error(`Unknown benchmark: ${unknown.join(', ')}. Benchmarks: ${BENCHMARKS.join(', ')}.`);
  process.exit(2);
}

const folder = mkdtempSync(join(tmpdir(), 'pkarrd-figures-'));
const figures = join(folder, 'figures');
writeFileSync(figures, '');
const parts: string[] = [];
const failed: string[] = [];
for (const name of wanted.length > 0 ? wanted : BENCHMARKS) {
  console.error(`${new Date().toISOString().slice(11, 19)} ${name}`);
  const file = fileURLToPath(new URL(`${name}.js`, import.meta.url));
  const child = spawn(process.execPath, [file], {
    stdio: ['ignore', 'pipe', 'inherit'],
    env: { ...process.env, [FIGURES]: figures },
  });
  let text = '';
  child.stdout.setEncoding('utf8').on('data', (piece: string) => {
    text += piece;
  });
  const [code] = await once(child, 'close');
  if (code !== 0) failed.push(name);
  parts.push(text.startsWith('## ') ? text : `## ${name}\n\n${text}`);
}
const measured = readFileSync(figures, 'utf8').split('\n').filter(Boolean);
rmSync(folder, { recursive: true });

console.log('# Results\n');
console.log(
  `Output of \`${['node dist/bench/all.js', ...wanted].join(' ')}\` on ${new Date().toISOString().slice(0, 10)}.`,
);
console.log('Compare rows within a table, not figures of two tables: the machine is shared.\n');
console.log('## Targets and measurements\n');
console.log(`${barTable(measured.map((line) => JSON.parse(line) as Figure))}\n`);
console.log(parts.join('\n'));
if (failed.length > 0) {
  console.error(`Failed: ${failed.join(', ')}.`);
  process.exitCode = 1;
}
