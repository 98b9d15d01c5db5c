import assert from 'node:assert/strict';
import { mkdtemp, readdir, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { writeLinkReport } from '../../../src/system/links/link-report.ts';
import { linksWithDomains } from '../../../src/system/links/link-resolvers.ts';
import type { LinkState } from '../../../src/system/links/link-state.ts';
import { ResolverFiles } from '../../../src/system/resolver-files.ts';

const facts = ['vpn0', 'tun0'].map((name, index) => ({
  number: index + 3,
  name,
  isTunnel: true,
  hasDefaultRoute: false,
}));

const corp: LinkState = {
  link: 'vpn0',
  servers: [
    { address: '10.88.0.1', port: 53 },
    { address: 'fe80::1%vpn0', port: 5353 },
  ],
  domains: ['corp.example', 'corp.internal'],
  search: ['corp.internal'],
  takesAll: false,
};
const all: LinkState = {
  link: 'tun0',
  servers: [{ address: '2001:db8::1', port: 53 }],
  domains: [],
  search: [],
  takesAll: true,
};

test('what the helper writes of links is read as it was, whatever the umask is, and links that are gone vanish', async () => {
  const directory = join(await mkdtemp(join(tmpdir(), 'pkarrd-report-')), 'links');
  const mask = process.umask(0o077);
  try {
    const nobody = async () => undefined;
    const files = new ResolverFiles([{ path: directory, format: 'link-state', isDirectory: true }]);
    const read = () =>
      linksWithDomains({ files, facts: () => facts, resolved: nobody, networkManager: nobody });
    // A link without a number is gone already.
    await writeLinkReport([corp, all, { ...corp, link: 'gone0' }], facts, directory);
    assert.deepEqual(await read(), [corp, all]);
    assert.equal((await stat(join(directory, '3'))).mode & 0o777, 0o644);
    assert.equal((await stat(directory)).mode & 0o777, 0o755);
    const { ino } = await stat(join(directory, '3'));
    await writeLinkReport([corp], facts, directory);
    // What did not change is not written again, so nobody is told of a change.
    assert.equal((await stat(join(directory, '3'))).ino, ino);
    assert.deepEqual(await read(), [corp]);
    await writeLinkReport([], facts, directory);
    assert.deepEqual(await readdir(directory), []);
  } finally {
    process.umask(mask);
    await rm(join(directory, '..'), { recursive: true });
  }
});
