import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdir, mkdtemp, rename, rm, symlink, utimes, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { ResolverFiles, type ResolverPlace } from '../../src/system/resolver-files.ts';

async function withDirectory(run: (path: (name: string) => string) => Promise<void>): Promise<void> {
  const directory = await mkdtemp(join(tmpdir(), 'pkarrd-resolvers-'));
  try {
    await run((name) => join(directory, name));
  } finally {
    await rm(directory, { recursive: true });
  }
}

const file = (path: string): ResolverPlace => ({ path, format: 'resolv-conf', isDirectory: false });

async function textsOf(files: ResolverFiles): Promise<readonly (string | undefined)[]> {
  return (await files.read()).flatMap((place) => place.files.map(({ text, problem }) => text ?? problem));
}

test('a file is read again when it was written or replaced, be it with the same size and time', () =>
  withDirectory(async (path) => {
    const resolvConf = path('resolv.conf');
    const files = new ResolverFiles([file(resolvConf)]);
    assert.deepEqual(await textsOf(files), ['does not exist']);
    await writeFile(resolvConf, 'one');
    assert.deepEqual(await textsOf(files), ['one']);
    await writeFile(resolvConf, 'two');
    assert.deepEqual(await textsOf(files), ['two']);
    for (const name of ['a', 'b']) {
      await writeFile(path(name), `to ${name}`);
      await utimes(path(name), 1, 1);
      await symlink(path(name), path('link'));
      await rename(path('link'), resolvConf);
      assert.deepEqual(await textsOf(files), [`to ${name}`]);
    }
    await rm(resolvConf);
    assert.deepEqual(await textsOf(files), ['does not exist']);
  }));

test('all files of a directory are read, in the order of their names, as they come and go', () =>
  withDirectory(async (path) => {
    const files = new ResolverFiles([{ path: path('interface'), format: 'resolv-conf', isDirectory: true }]);
    assert.deepEqual(await textsOf(files), []);
    await mkdir(path('interface'));
    await writeFile(path('interface/wlan0.dhclient'), 'wlan');
    await writeFile(path('interface/eth0.dhclient'), 'eth');
    assert.deepEqual(await textsOf(files), ['eth', 'wlan']);
    await rm(path('interface/eth0.dhclient'));
    assert.deepEqual(await textsOf(files), ['wlan']);
  }));

test('what is no file is not opened, and of a huge one the start is read', () =>
  withDirectory(async (path) => {
    spawnSync('mkfifo', [path('fifo')]);
    await mkdir(path('directory'));
    await writeFile(path('huge'), 'x'.repeat(200_000));
    const files = new ResolverFiles(['fifo', 'directory', 'huge'].map((name) => file(path(name))));
    const [fifo, directory, huge = ''] = await textsOf(files);
    const no = 'is not a regular file';
    assert.deepEqual([fifo, directory, huge.length], [no, no, 65_536]);
  }));

test('without a free descriptor a file is what it was before, and one that was never read is a problem', () =>
  withDirectory(async (path) => {
    const script = `
      const { openSync, writeFileSync } = await import('node:fs');
      const { ResolverFiles } = await import(${JSON.stringify(new URL('../../src/system/resolver-files.js', import.meta.url).href)});
      const [known, fresh] = ${JSON.stringify([path('known'), path('fresh')])};
      const place = (path) => ({ path, format: 'resolv-conf', isDirectory: false });
      const files = new ResolverFiles([place(known), place(fresh)]);
      writeFileSync(known, 'before');
      await files.read();
      writeFileSync(known, 'after');
      writeFileSync(fresh, 'fresh');
      const isFull = () => { try { openSync('/dev/null', 'r'); return false; } catch { return true; } };
      while (!isFull());
      const [one, other] = await files.read();
      console.log(one.files[0].text, other.files[0].problem);
    `;
    const words = [process.execPath, '--input-type=module', '--eval', script];
    const { stdout, stderr } = spawnSync('sh', ['-c', 'ulimit -n 64; exec "$0" "$@"', ...words], {
      encoding: 'utf8',
    });
    assert.equal(stdout, 'before cannot be read (EMFILE)\n', stderr);
  }));
