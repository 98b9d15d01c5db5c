import assert from 'node:assert/strict';
import { test } from 'node:test';
import { linkLocalWarnings } from '../../src/cli/link-local.ts';
import { loadSettings } from '../../src/config/load-settings.ts';
import { pkarrd } from '../support/command.ts';

/** A machine with one interface, number 2. */
const interfaces = {
  has: (name: string) => name === 'lan0',
  nameOf: (number: number) => (number === 2 ? 'lan0' : undefined),
};

async function warnings(flags: Readonly<Record<string, readonly string[]>>) {
  const machine = { environment: {}, isRoot: false, home: undefined };
  return linkLocalWarnings(await loadSettings({ file: '/dev/null', machine, flags }), interfaces);
}

test('an address on an interface that is not there is a warning with its origin, in upstreams, routes and listeners', async () => {
  for (const flags of [
    { upstream: ['fe80::1%99'] },
    { upstream: ['9.9.9.9', '/lan/fe80::1%eth7'] },
    { upstream: ['tls://[fe80::1%wlan0]#dns.example'] },
    { fallback: ['fe80::1%3'] },
    { listen: ['[fe80::2%eth7]:53'] },
  ]) {
    const [warning, ...others] = await warnings(flags);
    assert.deepEqual(others, [], JSON.stringify(flags));
    assert.match(warning?.where ?? '', /^--(upstream|fallback|listen)$/);
    assert.match(
      warning?.message ?? '',
      /^fe80::\d%\w+ is on the interface (99|eth7|wlan0|3), which is not there or not up\.$/,
    );
  }
});

test('an address on an interface that is up is none, by name and by number, and neither is one without', async () => {
  assert.deepEqual(
    await warnings({ upstream: ['fe80::1%lan0', 'fe80::1%2', '2001:db8::1', 'tls://dns.example'] }),
    [],
  );
});

test('check says so, and goes on', async () => {
  const { code, err } = await pkarrd(['check', '--config', '/dev/null', '--upstream', 'fe80::1%99']);
  assert.equal(code, 0);
  assert.match(
    err,
    /^pkarrd: warning: --upstream: fe80::1%99 is on the interface 99, which is not there or not up\.$/m,
  );
});
