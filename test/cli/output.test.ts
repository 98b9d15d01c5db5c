import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { fileURLToPath } from 'node:url';

const main = fileURLToPath(new URL('../../program/main.js', import.meta.url));
const directory = mkdtempSync(join(tmpdir(), 'pkarrd-output-'));
after(() => rmSync(directory, { recursive: true }));
writeFileSync(join(directory, 'the.key'), `${'07'.repeat(32)}\n`, { mode: 0o600 });
writeFileSync(join(directory, 'the.zone'), '@ A 192.0.2.1\n');

/** Commands that print something and need no network. */
const commands: readonly (readonly string[])[] = [
  ['--help'],
  ['--version'],
  ['serve', '--help'],
  ['keygen', '--out', join(directory, 'new.key')],
  ['pubkey', join(directory, 'the.key')],
  ['check', '--config', '/dev/null', '--upstream', '127.0.0.1:9'],
  ['publish', join(directory, 'the.zone'), '--key', join(directory, 'the.key'), '--dry-run'],
];

/** Runs a command with a redirection of the shell. */
function runInShell(words: readonly string[], redirection: string) {
  rmSync(join(directory, 'new.key'), { force: true });
  const { PATH = '', HOME = '' } = process.env;
  const script = `exec "$0" "$@" ${redirection}`;
  const command = ['-c', script, process.execPath, main, ...words];
  const { status, stderr } = spawnSync('sh', command, { env: { PATH, HOME }, encoding: 'utf8' });
  return { code: status, err: stderr };
}

test('a command whose output cannot be written has failed, and says so', {
  skip: !existsSync('/dev/full') && 'there is no /dev/full',
}, () => {
  for (const words of commands) {
    const { code, err } = runInShell(words, '>/dev/full');
    assert.equal(code, 1, words.join(' '));
    assert.match(err, /pkarrd: cannot write to standard output: .*ENOSPC/, words.join(' '));
  }
});

test('so has one whose output is closed', {
  skip: !('bun' in process.versions) && 'Node does not tell a closed output from one that nobody wants',
}, () => {
  for (const words of commands) {
    const { code, err } = runInShell(words, '>&-');
    assert.equal(code, 1, words.join(' '));
    assert.match(err, /pkarrd: cannot write to standard output: it is closed\.\n$/, words.join(' '));
  }
});

test('output that nobody wants is no failure', () => {
  for (const redirection of ['>/dev/null', '1<>/dev/null'])
    for (const words of commands) assert.equal(runInShell(words, redirection).code, 0, words.join(' '));
});
