/** Runs all tests that were compiled, or those whose path contains one of the words given. */
import { spawn } from 'node:child_process';
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const tests = fileURLToPath(new URL('..', import.meta.url));
const words = process.argv.slice(2);

// On Node 20 `node --test DIRECTORY` takes helper files for tests, so each file is named.
const files = readdirSync(tests, { recursive: true, encoding: 'utf8' })
  .filter((file) => file.endsWith('.test.js'))
  .filter((file) => words.length === 0 || words.some((word) => file.includes(word)))
  .sort()
  .map((file) => join(tests, file));

if (files.length === 0) {
  console.error(`There is no test file whose path contains ${words.join(' or ')}.`);
  process.exit(1);
}
// Two files at a time: they share a machine, and some of them measure.
const child = spawn(process.execPath, ['--test', '--test-concurrency=2', ...files], { stdio: 'inherit' });
child.on('exit', (code) => {
  process.exitCode = code ?? 1;
});
