import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { chmodSync, chownSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import type { ProgramCall } from '../../../src/system/commands/run-program.ts';
import { hiddenChange } from '../../../src/system/links/link-resolvers.ts';
import { askResolved, statesOf } from '../../../src/system/links/resolved-links.ts';

const said: Readonly<Record<string, string>> = {
  dns: 'Global: 127.0.0.1\nLink 1 (lo):\nLink 2 (lan0): 10.77.0.1 fe80::1\n               10.77.0.2\nLink 3 (vpn0): 10.88.0.1:5353#dns.corp.example\nLink 4 (none):\n',
  domain: 'Global: ~.\nLink 1 (lo):\nLink 2 (lan0): fritz.box\nLink 3 (vpn0): ~Corp.Example corp.internal\n',
};

const run = async ({ args }: ProgramCall) => ({
  code: 0,
  out: said[args[1] ?? ''] ?? '',
  err: '',
  problem: undefined,
});

test('what systemd-resolved says of itself and of its links is read, also over several lines', async () => {
  const state = await askResolved(run);
  assert.deepEqual([state?.globalServers, state?.globalDomains], [['127.0.0.1'], ['~.']]);
  assert.deepEqual(state?.links[1], {
    name: 'lan0',
    number: 2,
    servers: ['10.77.0.1', 'fe80::1', '10.77.0.2'],
    domains: ['fritz.box'],
  });
  assert.deepEqual(state && statesOf(state).map(({ link, servers, domains }) => [link, servers, domains]), [
    [
      'lan0',
      [
        { address: '10.77.0.1', port: 53 },
        { address: 'fe80::1%lan0', port: 53 },
        { address: '10.77.0.2', port: 53 },
      ],
      ['fritz.box'],
    ],
    ['vpn0', [{ address: '10.88.0.1', port: 5353 }], ['corp.example', 'corp.internal']],
  ]);
});

test('systemd-resolved that does not answer, or fails, says nothing', async () => {
  assert.equal(
    await askResolved(async () => ({ code: undefined, out: '', err: '', problem: 'late' })),
    undefined,
  );
  const half = async (call: ProgramCall) => ({ ...(await run(call)), code: call.args[1] === 'dns' ? 0 : 1 });
  assert.equal(await askResolved(half), undefined);
});

test('a change in a directory that cannot be read is seen, by a user who cannot read it', {
  skip: process.getuid?.() !== 0 && 'only root can become another user',
}, () => {
  const directory = mkdtempSync(join(tmpdir(), 'pkarrd-hidden-'));
  try {
    chmodSync(directory, 0o755);
    const hidden = join(directory, 'netif');
    mkdirSync(hidden, { mode: 0o700 });
    chownSync(hidden, 65_533, 65_533);
    const module = import.meta.resolve('../../../src/system/links/link-resolvers.js');
    // The project may be where only root can enter, so the module is loaded before.
    const script = `
      import { hiddenChange } from ${JSON.stringify(module)};
      process.setgroups([]);
      process.setgid(65_534);
      process.setuid(65_534);
      process.stdout.write(hiddenChange(process.argv[1]));`;
    const asNobody = (path: string) =>
      execFileSync(process.execPath, ['--input-type=module', '--eval', script, path], { encoding: 'utf8' });
    const first = asNobody(hidden);
    assert.match(first, /^\d+$/);
    assert.equal(asNobody(hidden), first);
    writeFileSync(join(hidden, '3'), 'SERVERS=10.88.0.1\n');
    assert.notEqual(asNobody(hidden), first);
    // Whoever can read it, reads the files; and without systemd-resolved there is nothing.
    assert.equal(hiddenChange(hidden), '');
    assert.equal(asNobody(join(directory, 'none')), '');
  } finally {
    rmSync(directory, { recursive: true });
  }
});
