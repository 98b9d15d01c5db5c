import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { exitCodesText, type Terminal } from '../../src/cli/command.ts';
import { programHelp } from '../../src/cli/help.ts';
import { noLivingLine } from '../../src/cli/living-line.ts';
import { run } from '../../src/cli/run.ts';

/** The exit code of a command, and what it wrote to standard error; writing to standard output is a bug here. */
async function ended(words: readonly string[], errIsJournal = false) {
  let err = '';
  const terminal: Terminal = {
    out: () => {
      throw new TypeError('out of order');
    },
    err: (text) => {
      err += text;
    },
    outIsTerminal: false,
    line: noLivingLine,
    errIsTerminal: false,
    errIsJournal,
    machine: { environment: {}, isRoot: false, home: undefined },
    now: () => 0,
  };
  return { code: await run(words, terminal), err };
}

test('an internal error ends a command with 70 and its stack', async () => {
  const { code, err } = await ended(['--version']);
  assert.equal(code, 70);
  assert.match(err, /^pkarrd: internal error, please report it: TypeError: out of order\n +at /);
});

test('in a directory that was removed commands work, but for paths that are relative to it', {
  skip: 'bun' in process.versions && 'Bun itself does not start there',
}, () => {
  const main = fileURLToPath(new URL('../../program/main.js', import.meta.url));
  const there = mkdtempSync(join(tmpdir(), 'pkarrd-removed-'));
  const inIt = (...words: readonly string[]) => {
    const script = 'mkdir -p "$1" && cd "$1" && rmdir "$1" && shift && exec "$@"';
    const command = ['-c', script, 'sh', there, process.execPath, main, ...words];
    const { PATH = '', HOME = '' } = process.env;
    const { status, stderr } = spawnSync('sh', command, { env: { PATH, HOME }, encoding: 'utf8' });
    return { status, stderr };
  };
  const { status, stderr } = inIt('status', '--state-dir', '/nonexistent');
  assert.equal(status, 3, stderr);
  const relative = inIt('check', '--config', 'pkarrd.toml');
  assert.notEqual(relative.status, 70, relative.stderr);
  assert.notEqual(relative.status, 0);
});

test('errors of a service that cannot start have the priority of errors in the journal, line by line', async () => {
  for (const words of [
    ['--version'],
    ['nonsense'],
    ['serve', '--cache-size', 'big', '--config', '/dev/null'],
  ]) {
    const { err } = await ended(words, true);
    assert.match(err, /^(?:<3>.*\n)+$/);
  }
});

test('help and README list the exit codes', () => {
  assert.equal(
    exitCodesText,
    'Exit codes: 0 success, 1 failure, 2 invalid usage or configuration, 3 no running pkarrd to ask, 70 internal error.',
  );
  assert.ok(programHelp(80).replaceAll('\n', ' ').includes(exitCodesText));
  const readme = readFileSync(new URL('../../../README.md', import.meta.url), 'utf8');
  assert.ok(readme.replaceAll('\n', ' ').includes(exitCodesText));
});
