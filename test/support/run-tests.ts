/** Runs all tests that were compiled, or those whose path contains one of the words given. */
import { spawn } from 'node:child_process';
import { testFiles } from './test-files.ts';

// On Node 20 `node --test DIRECTORY` takes helper files for tests, so each file is named.
const files = testFiles(process.argv.slice(2));
// Two files at a time: they share a machine, and some of them measure.
const child = spawn(process.execPath, ['--test', '--test-concurrency=2', ...files], { stdio: 'inherit' });
child.on('exit', (code) => {
  process.exitCode = code ?? 1;
});
