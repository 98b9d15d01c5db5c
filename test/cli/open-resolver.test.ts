import assert from 'node:assert/strict';
import { test } from 'node:test';
import { openResolverWarnings } from '../../src/cli/open-resolver.ts';
import { loadSettings } from '../../src/config/load-settings.ts';

async function warnings(listen: string, ...allowFrom: readonly string[]) {
  const machine = { environment: {}, isRoot: false, home: undefined };
  const flags = { listen: [listen], ...(allowFrom.length > 0 && { allowFrom }) };
  return openResolverWarnings(await loadSettings({ file: '/dev/null', machine, flags }));
}

test('everybody may ask on an address that others can reach: a warning', async () => {
  for (const listen of ['0.0.0.0:53', '[::]:53', '192.0.2.1:53', '[2001:db8::1]:53']) {
    for (const network of ['0.0.0.0/0', '::/0', '128.0.0.0/1']) {
      const [warning, ...others] = await warnings(listen, '10.0.0.0/8', network);
      assert.equal(warning?.where, '--allow-from');
      assert.match(warning.message, /^\S+ makes this an open resolver/);
      assert.deepEqual(others, []);
    }
  }
});

test('networks of a site, and addresses of loopback, are no reason for a warning', async () => {
  assert.deepEqual(await warnings('0.0.0.0:53', '10.0.0.0/8', 'fd00::/16', '192.0.2.0/24'), []);
  assert.deepEqual(await warnings('0.0.0.0:53'), []);
  assert.deepEqual(await warnings('default', '0.0.0.0/0'), []);
  assert.deepEqual(await warnings('127.0.0.1:53', '0.0.0.0/0'), []);
  assert.deepEqual(await warnings('[::1]:53', '::/0'), []);
});
