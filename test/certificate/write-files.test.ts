import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import {
  chmodSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { WriteError, writeDirectory, writeOneFile } from '../../src/certificate/write-files.ts';

const scratch = mkdtempSync(join(tmpdir(), 'pkarrd-write-files-'));
after(() => rmSync(scratch, { recursive: true }));
let count = 0;
/** A path at which nothing is. */
const fresh = () => join(scratch, String(count++));
const files = [
  { name: 'ca.pem', content: 'new authority', mode: 0o644 },
  { name: 'server.key', content: 'new secret', mode: 0o600 },
];
const modeOf = (path: string) => statSync(path).mode & 0o7777;

test('a directory that is not there is made with its files, whatever the umask is', () => {
  const directory = join(fresh(), 'a', 'b');
  const umask = process.umask(0o077);
  try {
    writeDirectory(directory, files, { force: false });
  } finally {
    process.umask(umask);
  }
  assert.deepEqual(readdirSync(directory).sort(), ['ca.pem', 'server.key']);
  assert.deepEqual(readdirSync(join(directory, '..')), ['b']);
  assert.deepEqual(
    [directory, join(directory, 'ca.pem'), join(directory, 'server.key')].map(modeOf),
    [0o700, 0o644, 0o600],
  );
});

test('files that exist are replaced only with force, and other files stay', () => {
  const directory = fresh();
  mkdirSync(directory, { mode: 0o750 });
  writeFileSync(join(directory, 'pkarrd.toml'), 'mine');
  writeDirectory(directory, files, { force: false });
  writeFileSync(join(directory, 'ca.pem'), 'old');
  rmSync(join(directory, 'server.key'));
  assert.throws(
    () => writeDirectory(directory, files, { force: false }),
    new WriteError(`This file exists; add --force to replace it: ${join(directory, 'ca.pem')}`),
  );
  assert.equal(existsSync(join(directory, 'server.key')), false);
  writeDirectory(directory, files, { force: true });
  assert.equal(readFileSync(join(directory, 'ca.pem'), 'utf8'), 'new authority');
  assert.deepEqual(readdirSync(directory).sort(), ['ca.pem', 'pkarrd.toml', 'server.key']);
  assert.equal(modeOf(directory), 0o750);
});

test('what cannot be replaced is found before anything is', () => {
  const directory = fresh();
  mkdirSync(join(directory, 'server.key'), { recursive: true });
  writeFileSync(join(directory, 'ca.pem'), 'old');
  assert.throws(
    () => writeDirectory(directory, files, { force: true }),
    /^WriteError: This is a directory: /,
  );
  assert.equal(readFileSync(join(directory, 'ca.pem'), 'utf8'), 'old');
  assert.deepEqual(readdirSync(directory).sort(), ['ca.pem', 'server.key']);
});

test('a link and a FIFO are not replaced, even with force', () => {
  const directory = fresh();
  mkdirSync(directory);
  const path = join(directory, 'server.key');
  writeFileSync(join(scratch, 'elsewhere'), 'theirs');
  symlinkSync(join(scratch, 'elsewhere'), path);
  const refused = new WriteError(`This is not a regular file: ${path}`);
  for (const force of [false, true])
    assert.throws(() => writeDirectory(directory, files, { force }), refused);
  assert.equal(readFileSync(path, 'utf8'), 'theirs');
  rmSync(path);
  spawnSync('mkfifo', [path]);
  assert.throws(() => writeOneFile(path, { content: '', mode: 0o600 }, { force: true }), refused);
  assert.throws(
    () => writeOneFile('/dev/null', { content: '', mode: 0o600 }, { force: true }),
    new WriteError('This is not a regular file: /dev/null'),
  );
  assert.deepEqual(readdirSync(directory), ['server.key']);
});

test('a directory that others can write to, a file and a path below a file are refused in a sentence', () => {
  const open = fresh();
  mkdirSync(open);
  chmodSync(open, 0o1777);
  assert.throws(
    () => writeDirectory(open, files, { force: true }),
    new WriteError(
      `Others can write to ${open} (mode 1777), and could replace the files. Use another directory.`,
    ),
  );
  const file = fresh();
  writeFileSync(file, '');
  assert.throws(
    () => writeDirectory(file, files, { force: true }),
    new WriteError(`This is not a directory: ${file}`),
  );
  const below = join(file, 'below');
  assert.throws(
    () => writeDirectory(below, files, { force: true }),
    new WriteError(`A part of this path is not a directory: ${below}`),
  );
});

test('one file is written whole, next to others, and not over another one', () => {
  const path = fresh();
  writeOneFile(path, { content: 'one', mode: 0o600 }, { force: false });
  assert.equal(modeOf(path), 0o600);
  assert.throws(
    () => writeOneFile(path, { content: 'two', mode: 0o600 }, { force: false }),
    new WriteError(`This file exists; add --force to replace it: ${path}`),
  );
  assert.equal(readFileSync(path, 'utf8'), 'one');
  const absent = join(fresh(), 'file');
  assert.throws(
    () => writeOneFile(absent, { content: 'two', mode: 0o600 }, { force: true }),
    new WriteError(`There is no such directory: ${absent}`),
  );
});
