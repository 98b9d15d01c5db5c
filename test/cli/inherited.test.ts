import assert from 'node:assert/strict';
import { test } from 'node:test';
import { judgeInherited } from '../../src/cli/serve/inherited.ts';
import { loadSettings } from '../../src/config/load-settings.ts';
import { noInheritance } from '../../src/system/activation/inheritance.ts';

test('a socket that others can reach makes an open resolver as an address of the settings does', async () => {
  const machine = { environment: {}, isRoot: false, home: undefined };
  const loaded = await loadSettings({ file: '/dev/null', machine, flags: { allowFrom: ['0.0.0.0/0'] } });
  const inherited = (host: string) => ({
    ...noInheritance,
    sockets: [{ descriptor: 3, name: '', purpose: 'dns', protocol: 'udp', host, port: 53 } as const],
  });
  assert.deepEqual(judgeInherited(loaded, noInheritance).warnings, []);
  assert.deepEqual(judgeInherited(loaded, inherited('127.0.0.1')).warnings, []);
  const judged = judgeInherited(loaded, inherited('192.0.2.1'));
  assert.match(judged.warnings[0]?.message ?? '', /makes this an open resolver/);
  // Known already, it is not told twice.
  assert.equal(judgeInherited(judged, inherited('192.0.2.1')).warnings.length, 1);
});
