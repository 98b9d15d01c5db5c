import assert from 'node:assert/strict';
import { mkdtempSync, readdirSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { openStateDirectory } from '../../src/cli/serve/state-directory.ts';
import { createLog } from '../../src/observe/log.ts';

const parent = mkdtempSync(join(tmpdir(), 'pkarrd-state-'));
after(() => rmSync(parent, { recursive: true }));

function scene() {
  const lines: string[] = [];
  const write = (line: string) => {
    lines.push(line.replace(/^\S+ /, ''));
  };
  return { lines, log: createLog({ level: 'info', write, now: () => 0, journal: false }) };
}

test('a state directory is made for its owner alone, and nothing is left of the try', async () => {
  const directory = join(parent, 'new', 'state');
  const { lines, log } = scene();
  assert.equal(await openStateDirectory(directory, {}, log), log);
  assert.deepEqual([lines, readdirSync(directory)], [[], []]);
  assert.equal(statSync(directory).mode & 0o777, 0o700);
});

test('of one that cannot be written one warning tells all that is lost, and the parts nothing more', async () => {
  writeFileSync(join(parent, 'file'), '');
  const directory = join(parent, 'file', 'state');
  const { lines, log } = scene();
  const told = await openStateDirectory(directory, {}, log);
  assert.equal(lines.length, 1);
  assert.match(
    lines[0] ?? '',
    /^warn Cannot write the state directory, so nothing is kept over a restart: packets, .*names that are added.* Commands such as status, flush, reload and name cannot reach this pkarrd\. directory=\S+ reason="a part of the path is no directory"\n$/,
  );
  told.warn('Cannot write the packet store.', { directory, reason: 'x' });
  told.warn('Cannot write the file of names.', { path: join(directory, 'names.toml'), reason: 'x' });
  assert.equal(lines.length, 1);
  // What is elsewhere, and what is about something else.
  told.warn('Cannot read the hosts file.', { path: join(parent, 'hosts'), reason: 'x' });
  told.warn('Another process uses the packet store.', { directory, process: 1 });
  told.error('An error.', { path: directory, reason: 'x' });
  told.info('Ready.');
  assert.equal(lines.length, 5);
});

test('with sockets elsewhere, commands reach a pkarrd without a state directory', async () => {
  const { lines, log } = scene();
  await openStateDirectory(join(parent, 'file', 'state'), { RUNTIME_DIRECTORY: '/run/pkarrd' }, log);
  assert.doesNotMatch(lines.join(''), /Commands such as/);
});
