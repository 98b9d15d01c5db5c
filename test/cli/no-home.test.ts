import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { asUnknownUser, cannotBeUnknownUser } from '../support/unknown-user.ts';

const main = fileURLToPath(new URL('../../program/main.js', import.meta.url));

/** Runs the program as a user without a passwd entry, and without `HOME`. */
async function run(args: readonly string[], environment: Readonly<Record<string, string>> = {}) {
  const { PATH = '' } = process.env;
  const [program, ...words] = asUnknownUser([process.execPath, main, ...args]);
  const child = spawn(program, words, {
    cwd: '/',
    env: { PATH, ...environment },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let [out, err] = ['', ''];
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    out += text;
  });
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    err += text;
    // Once: a second signal ends the program at once.
    if (err.includes('Ready.') && !child.killed) child.kill('SIGTERM');
  });
  const [code] = await once(child, 'close');
  return { code, out, err };
}

const skip = cannotBeUnknownUser;

test('every command runs for a user without a home directory', { skip }, async () => {
  const version = await run(['--version']);
  assert.deepEqual([version.code, version.err], [0, '']);
  for (const environment of [{}, { HOME: '' }, { HOME: 'relative' }]) {
    const check = await run(['check', '--upstream', '192.0.2.1'], environment);
    assert.equal(check.code, 0, check.err);
    assert.match(check.out, /^state-dir: \/var\/lib\/pkarrd$/m);
  }
});

test('serve answers DNS for a user without a home directory, and tells that nothing is kept', {
  skip,
}, async () => {
  const { code, err } = await run([
    'serve',
    '--listen',
    '127.0.0.1:0',
    '--upstream',
    '192.0.2.1',
    '--dht',
    'off',
    '--relay',
    'none',
  ]);
  assert.equal(code, 0, err);
  assert.match(err, /warn .*\/var\/lib\/pkarrd/);
});
