import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { test } from 'node:test';
import { workerOf } from '../../src/system/worker-line.ts';

/** Starts a child as a worker is started. */
const start = (program: string, ...words: readonly string[]) =>
  spawn(program, words, { stdio: ['ignore', 'ignore', 'ignore', 'ipc'] });

test('a worker that ends says how: by an exit code or by a signal', async () => {
  const [code, signal] = await Promise.all(
    ['process.exit(3)', 'process.kill(process.pid, "SIGTERM"); setInterval(() => {}, 1000)'].map(
      (script) =>
        new Promise((resolve) => workerOf(start(process.execPath, '--eval', script)).onExit(resolve)),
    ),
  );
  assert.deepEqual([code, signal], ['exit code 3', 'SIGTERM']);
});

test('a worker that the system cannot start has ended, with the reason', async () => {
  const worker = workerOf(start('/nonexistent/program'));
  // What is said to it meanwhile is lost, and no error.
  worker.send({ kind: 'ask' });
  const why = await new Promise((resolve) => worker.onExit(resolve));
  assert.match(String(why), /ENOENT/);
  worker.send({ kind: 'ask' });
  worker.kill();
});
