import assert from 'node:assert/strict';
import { test } from 'node:test';
import { addressOctets } from '../../src/ip/address.ts';
import { isGloballyReachable } from '../../src/ip/globally-reachable.ts';

function reachable(address: string): boolean {
  return isGloballyReachable(addressOctets(address) ?? new Uint8Array());
}

test('addresses of one machine of the Internet are globally reachable', () => {
  for (const address of [
    '1.1.1.1',
    '172.15.255.255',
    '172.32.0.0',
    '192.31.196.1',
    '2606:4700::1111',
    '2a00::1',
    '2001:4:112::1',
    '::ffff:1.1.1.1',
    '64:ff9b::1.1.1.1',
  ]) {
    assert.ok(reachable(address), address);
  }
});

test('no address that the IANA registries have as not globally reachable is', () => {
  for (const address of [
    ...['0.0.0.0', '0.1.2.3', '10.0.0.1', '100.64.0.1', '100.127.255.255', '127.0.0.1', '127.255.0.1'],
    ...['169.254.169.254', '172.16.0.1', '172.31.255.255', '192.0.0.8', '192.0.2.1', '192.168.0.1'],
    ...['192.88.99.1', '64:ff9b::192.88.99.1', '::ffff:192.88.99.1'],
    ...[
      '198.18.0.1',
      '198.19.255.255',
      '198.51.100.1',
      '203.0.113.1',
      '224.0.0.1',
      '240.0.0.1',
      '255.255.255.255',
    ],
    ...[
      '::',
      '::1',
      '100::1',
      '100:0:0:1::1',
      '2001:2::1',
      '2001:db8::1',
      '3fff::1',
      '5f00::1',
      'fc00::1',
      'fd00::1',
    ],
    ...['fe80::1', 'fec0::1', 'ff02::1', '64:ff9b:1::1', '2001::1'],
  ]) {
    assert.ok(!reachable(address), address);
  }
});

test('an address in another is judged as what it leads to, and a tunnel leads nowhere', () => {
  for (const address of [
    ...['::ffff:127.0.0.1', '::ffff:10.0.0.1', '64:ff9b::127.0.0.1', '64:ff9b::192.168.1.1'],
    ...['2002:7f00:1::1', '2002:101:101::1', '::127.0.0.1', '::1.1.1.1', '2001:0:101:101::1'],
  ]) {
    assert.ok(!reachable(address), address);
  }
});
