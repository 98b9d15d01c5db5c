import assert from 'node:assert/strict';
import { test } from 'node:test';
import { AddressGuard } from '../../../src/gateway/connect/address-guard.ts';
import type { PublicKey } from '../../../src/pkarr/public-key.ts';
import { testKey } from '../../support/packets.ts';

const [key, other] = [testKey(1).publicKey, testKey(2).publicKey];

function guard(exempt: readonly PublicKey[] = [], own: readonly string[] = []): AddressGuard {
  return new AddressGuard({
    ownAddresses: () => own,
    isPrivateAllowed: (one) => exempt.some((allowed) => allowed.equals(one)),
  });
}

test('an address of the own network or machine is refused, also inside of another', () => {
  for (const address of [
    '127.0.0.1',
    '192.168.1.1',
    '169.254.169.254',
    '::ffff:10.0.0.1',
    '64:ff9b::10.0.0.1',
    'fe80::1%eth0',
  ])
    assert.equal(guard().allowed(address, [key]), undefined, address);
  assert.deepEqual(guard().allowed('1.1.1.1', [key]), Uint8Array.of(1, 1, 1, 1));
});

test('what is no address is refused', () => {
  for (const address of ['', 'localhost', '1.1.1', '0x7f000001', '017700000001', '1.1.1.1%eth0', '[::1]'])
    assert.equal(guard().allowed(address, [key]), undefined, address);
});

test('a public address that an interface of this machine has is refused, also as a translator writes it', () => {
  const own = guard([], ['9.9.9.9', '2a00::9', 'fe80::1%eth0']);
  for (const address of ['9.9.9.9', '::ffff:9.9.9.9', '64:ff9b::9.9.9.9', '2a00:0:0::9'])
    assert.equal(own.allowed(address, [key]), undefined, address);
  assert.notEqual(own.allowed('9.9.9.8', [key]), undefined);
});

test('a key is exempt only when every other key on the way is', () => {
  const exempt = guard([key], ['127.0.0.1']);
  assert.notEqual(exempt.allowed('127.0.0.1', [key]), undefined);
  assert.notEqual(exempt.allowed('192.168.1.1', [key]), undefined);
  // A stranger whose name leads to the key would read what its server says, as the origin that the stranger has.
  assert.equal(exempt.allowed('127.0.0.1', [other, key]), undefined);
  assert.equal(exempt.allowed('127.0.0.1', [key, other]), undefined);
  assert.equal(exempt.allowed('127.0.0.1', []), undefined);
});

test('an exempt key may not lead to groups of machines, or to addresses of none', () => {
  for (const address of ['224.0.0.1', 'ff02::1', '192.0.2.1', '2001:db8::1'])
    assert.equal(guard([key]).allowed(address, [key]), undefined, address);
});
