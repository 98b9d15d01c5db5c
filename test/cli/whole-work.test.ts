import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';

const directory = mkdtempSync(join(tmpdir(), 'pkarrd-whole-work-'));
after(() => rmSync(directory, { recursive: true }));

const program = join(directory, 'program.mjs');
const modules = ['whole-work', 'run', 'stop-signal'].map(
  (name) => new URL(`../../src/cli/${name}.js`, import.meta.url).href,
);
// A command that changes something until it is asked to stop, and takes half a second to take it back.
writeFileSync(
  program,
  `const [{ wholeWork }, { processTerminal }, { stopExits }] =
     await Promise.all(${JSON.stringify(modules)}.map((name) => import(name)));
   const terminal = processTerminal();
   const texts = { first: 'Taking it back.', second: 'Run "undo".' };
   const { value, signal } = await wholeWork(terminal, texts, async (stop) => {
     const alive = setInterval(() => terminal.out('changing\\n'), 20);
     await new Promise((resolve) => stop.addEventListener('abort', resolve));
     await new Promise((resolve) => setTimeout(resolve, 500));
     clearInterval(alive);
     return 'taken back';
   });
   terminal.err(value + '\\n');
   process.exitCode = stopExits[signal];`,
);

/** Starts the command and waits until it has begun. */
async function start() {
  const child = spawn(process.execPath, [program], { stdio: ['ignore', 'pipe', 'pipe'] });
  after(() => child.kill('SIGKILL'));
  let err = '';
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    err += text;
  });
  const ended = once(child, 'close').then(([code]) => ({ code, err }));
  await once(child.stdout, 'data');
  return { child, ended };
}

test('a signal has work that must not be left half done end in order, and is the exit code', async () => {
  for (const [signal, code] of [
    ['SIGINT', 130],
    ['SIGTERM', 143],
    ['SIGHUP', 129],
  ] as const) {
    const { child, ended } = await start();
    child.stdout.resume();
    child.kill(signal);
    assert.deepEqual(await ended, { code, err: 'pkarrd: Taking it back.\ntaken back\n' }, signal);
  }
});

test('a second signal ends it at once, and what to do about it is said', async () => {
  const { child, ended } = await start();
  child.stdout.resume();
  child.kill('SIGINT');
  await once(child.stderr, 'data');
  child.kill('SIGTERM');
  assert.deepEqual(await ended, { code: 143, err: 'pkarrd: Taking it back.\npkarrd: Run "undo".\n' });
});

test('a reader that closes the pipe of its output does not end it', async () => {
  const { child, ended } = await start();
  child.stdout.destroy();
  await new Promise((resolve) => setTimeout(resolve, 100));
  assert.equal(child.exitCode, null);
  child.kill('SIGTERM');
  assert.deepEqual(await ended, { code: 143, err: 'pkarrd: Taking it back.\ntaken back\n' });
});
