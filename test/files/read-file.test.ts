import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, renameSync, rmSync, statSync, symlinkSync, writeFileSync } from 'node:fs';
import { open, stat } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { FileError, type FileSystem, fileIdentity, readUserFile } from '../../src/files/read-file.ts';

const directory = mkdtempSync(join(tmpdir(), 'pkarrd-files-'));
after(() => rmSync(directory, { recursive: true }));
const path = (name: string) => join(directory, name);
const kind = (expected: string) => (error: unknown) => error instanceof FileError && error.kind === expected;
const machine: FileSystem = { stat: (file) => stat(file, { bigint: true }), open };

test('a regular file is read with what the system says of it, also through a link', async () => {
  writeFileSync(path('plain'), 'content', { mode: 0o640 });
  symlinkSync(path('plain'), path('link'));
  for (const name of ['plain', 'link']) {
    const content = await readUserFile(path(name), { maxBytes: 7 });
    assert.equal(content.bytes.toString(), 'content');
    assert.equal(content.mode, 0o640);
    assert.equal(content.owner, process.getuid?.());
    assert.equal(content.changedAt, statSync(path('plain'), { bigint: true }).mtimeNs / 1000n);
    assert.equal(content.identity, await fileIdentity(path(name)));
  }
});

test('a file of /proc, which has no size, is read whole', async () => {
  const { bytes } = await readUserFile('/proc/self/status', { maxBytes: 65_536 });
  assert.match(bytes.toString(), /^Name:/);
});

test('a FIFO, a directory, a socket and a device are refused at once and not opened', async () => {
  execFileSync('mkfifo', [path('fifo')]);
  mkdirSync(path('directory'));
  const server = createServer().listen(path('socket'));
  const opened: string[] = [];
  const fileSystem: FileSystem = {
    stat: machine.stat,
    open: (file, flags) => {
      opened.push(file);
      return machine.open(file, flags);
    },
  };
  try {
    for (const file of [path('fifo'), path('directory'), path('socket'), '/dev/zero']) {
      await assert.rejects(readUserFile(file, { maxBytes: 10, fileSystem }), kind('not-a-file'), file);
      await assert.rejects(fileIdentity(file), kind('not-a-file'), file);
    }
  } finally {
    server.close();
  }
  assert.deepEqual(opened, []);
});

test('a FIFO that takes the place of a file after the first look is opened without waiting', async () => {
  writeFileSync(path('swapped'), 'content');
  const fileSystem: FileSystem = {
    ...machine,
    async stat(file) {
      const found = await machine.stat(file);
      rmSync(file);
      execFileSync('mkfifo', [file]);
      return found;
    },
  };
  await assert.rejects(readUserFile(path('swapped'), { maxBytes: 10, fileSystem }), kind('not-a-file'));
});

test('what is absent, too large or growing says so', async () => {
  writeFileSync(path('large'), 'x'.repeat(11));
  await assert.rejects(readUserFile(path('absent'), { maxBytes: 10 }), kind('absent'));
  await assert.rejects(readUserFile(path('large/below'), { maxBytes: 10 }), kind('absent'));
  await assert.rejects(readUserFile(path('large'), { maxBytes: 10 }), kind('too-large'));
  const fileSystem: FileSystem = {
    ...machine,
    async open(file, flags) {
      const handle = await machine.open(file, flags);
      let looks = 0;
      return {
        // Written to after the first look at its size.
        stat: (async (options: { bigint: true }) => {
          if (looks++ === 1) writeFileSync(file, 'y'.repeat(9));
          return await handle.stat(options);
        }) as typeof handle.stat,
        read: handle.read.bind(handle) as typeof handle.read,
        close: () => handle.close(),
      };
    },
  };
  writeFileSync(path('growing'), 'x');
  await assert.rejects(readUserFile(path('growing'), { maxBytes: 10, fileSystem }), kind('changing'));
});

test('a file that was replaced by one of the same size and date is another', async () => {
  writeFileSync(path('one'), 'a');
  writeFileSync(path('two'), 'b');
  const before = await fileIdentity(path('one'));
  renameSync(path('two'), path('one'));
  assert.notEqual(await fileIdentity(path('one')), before);
});

test('a file system that hangs is given up, holds two reads at most, and other files are read again when it is back', async () => {
  const release: (() => void)[] = [];
  const asked: string[] = [];
  const hanging: FileSystem = {
    ...machine,
    stat: async (file) => {
      asked.push(file);
      await new Promise<void>((resolve) => release.push(resolve));
      return await machine.stat(file);
    },
  };
  const options = { maxBytes: 10, timeout: 60, fileSystem: hanging };
  await Promise.all(
    ['one', 'growing', 'plain'].map((name) =>
      assert.rejects(readUserFile(path(name), options), kind('timeout'), name),
    ),
  );
  assert.deepEqual(asked, [path('one'), path('growing')]);
  // While the first call has not ended, no second one is begun, and nobody waits.
  const startedAt = performance.now();
  await assert.rejects(readUserFile(path('one'), { ...options, timeout: 60_000 }), kind('timeout'));
  assert.ok(performance.now() - startedAt < 10_000);
  assert.equal(asked.length, 2);
  for (const resume of release.splice(0)) resume();
  assert.equal((await readUserFile(path('plain'), { maxBytes: 10 })).bytes.toString(), 'content');
  assert.equal((await readUserFile(path('one'), { maxBytes: 10 })).bytes.toString(), 'b');
});
