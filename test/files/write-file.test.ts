import assert from 'node:assert/strict';
import {
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import type { FileHandle } from 'node:fs/promises';
import * as files from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { after, test } from 'node:test';
import { replaceEntry, replaceFile, type WriteCalls } from '../../src/files/write-file.ts';

const base = mkdtempSync(join(tmpdir(), 'pkarrd-write-'));
after(() => rmSync(base, { recursive: true }));

/** The calls of the system, each told to `take` before it is made: `sync NAME`; the name of a temporary file is `new`. */
function callsTo(take: (call: string) => void): WriteCalls {
  const nameOf = (path: unknown) => basename(String(path)).replace(/^\..*\.new$/, 'new');
  const told = (handle: FileHandle, name: string) =>
    new Proxy(handle, {
      get(target, property) {
        const value = Reflect.get(target, property);
        if (typeof value !== 'function') return value;
        return async (...args: unknown[]) => {
          if (property !== 'close') take(`${String(property)} ${name}`);
          return await Reflect.apply(value, target, args);
        };
      },
    });
  return {
    open: async (path, ...rest) => told(await files.open(path, ...rest), nameOf(path)),
    async rename(from, to) {
      take(`rename ${nameOf(from)} ${nameOf(to)}`);
      await files.rename(from, to);
    },
    unlink: files.unlink,
  };
}

test('a file is on the disk before it gets its name, and the name is before it is acknowledged', async () => {
  const path = join(base, 'small');
  const made: string[] = [];
  await replaceFile(path, 'content', { mode: 0o644, calls: callsTo((call) => made.push(call)) });
  const directory = basename(base);
  assert.deepEqual(made, ['writeFile new', 'chmod new', 'sync new', 'rename new small', `sync ${directory}`]);
  assert.equal(readFileSync(path, 'latin1'), 'content');
  assert.equal(statSync(path).mode & 0o777, 0o644);
});

test('what is gone after a loss of power anyway waits for no disk', async () => {
  const made: string[] = [];
  const calls = callsTo((call) => made.push(call));
  await replaceFile(join(base, 'volatile'), 'content', { lifetime: 'boot', calls });
  assert.deepEqual(made, ['writeFile new', 'rename new volatile']);
});

test('a file that cannot be written whole leaves the old one, and nothing beside it', async () => {
  const directory = mkdtempSync(join(base, 'failing-'));
  const path = join(directory, 'small');
  await replaceFile(path, 'old');
  for (const failing of ['writeFile', 'chmod', 'sync', 'rename']) {
    const calls = callsTo((call) => {
      if (call.startsWith(`${failing} new`)) throw Object.assign(new Error('ENOSPC'), { code: 'ENOSPC' });
    });
    await assert.rejects(replaceFile(path, 'new', { mode: 0o644, calls }), { code: 'ENOSPC' }, failing);
    assert.equal(readFileSync(path, 'latin1'), 'old');
    assert.deepEqual(readdirSync(directory), ['small']);
  }
});

test('nobody else can read a file before it has its permissions, and they are as asked for whatever the umask is', async () => {
  const before = process.umask(0o077);
  try {
    const path = join(base, 'shared');
    const calls = callsTo((call) => {
      if (call !== 'chmod new') return;
      const [temporary = ''] = readdirSync(base).filter((name) => name.startsWith('.shared'));
      assert.equal(statSync(join(base, temporary)).mode & 0o777, 0o600);
    });
    await replaceFile(path, 'content', { mode: 0o666, calls });
    assert.equal(statSync(path).mode & 0o777, 0o666);
    await replaceFile(path, 'content');
    assert.equal(statSync(path).mode & 0o777, 0o600);
  } finally {
    process.umask(before);
  }
});

test('a link is replaced and not followed, and several writers at once do not mix', async () => {
  const directory = mkdtempSync(join(base, 'links-'));
  const path = join(directory, 'link');
  writeFileSync(join(directory, 'target'), 'target');
  symlinkSync('target', path);
  const contents = Array.from({ length: 20 }, (_, n) => String(n).repeat(100_000));
  await Promise.all(contents.map((content) => replaceFile(path, content)));
  assert.ok(contents.includes(readFileSync(path, 'latin1')));
  assert.equal(readFileSync(join(directory, 'target'), 'latin1'), 'target');
  await replaceEntry(path, async (temporary) => symlinkSync('target', temporary));
  assert.equal(readFileSync(path, 'latin1'), 'target');
  assert.deepEqual(readdirSync(directory).sort(), ['link', 'target']);
});
