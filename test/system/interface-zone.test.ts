import assert from 'node:assert/strict';
import { networkInterfaces } from 'node:os';
import { test } from 'node:test';
import { withInterfaceName } from '../../src/system/interfaces.ts';

const numbered = Object.entries(networkInterfaces()).flatMap(([name, addresses = []]) =>
  addresses.flatMap((one) =>
    one.family === 'IPv6' && one.scopeid > 0 ? [{ name, number: one.scopeid }] : [],
  ),
);

test('the number of an interface in an address becomes its name', {
  skip: numbered.length === 0 && 'no interface of this machine has a link-local address',
}, () => {
  for (const { name, number } of numbered) {
    assert.equal(withInterfaceName(`fe80::53%${number}`), `fe80::53%${name}`);
  }
});

test('an address with a name, without a zone, or with the number of no interface stays as it is', () => {
  for (const address of ['192.0.2.1', 'fe80::1%eth0', '2001:db8::1', 'fe80::1%99999', 'fe80::1%']) {
    assert.equal(withInterfaceName(address), address);
  }
});
