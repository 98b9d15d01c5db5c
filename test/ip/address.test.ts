import assert from 'node:assert/strict';
import { test } from 'node:test';
import { addressOctets, addressToText, canonicalAddress } from '../../src/ip/address.ts';

test('an address has one spelling, whichever of its forms was written', () => {
  const spellings: Readonly<Record<string, string | undefined>> = {
    '192.0.2.1': '192.0.2.1',
    '192.0.2.01': undefined,
    '2001:DB8:0:0::1': '2001:db8::1',
    '0:0:0:0:0:0:0:1': '::1',
    'fe80::1%eth0': 'fe80::1%eth0',
    'FE80:0::1%3': 'fe80::1%3',
    'fe80::1%': undefined,
    'fe80::1%a name': undefined,
    'fe80::1%sixteen-letters!': undefined,
    '192.0.2.1%eth0': undefined,
    '[::1]': undefined,
    '': undefined,
    localhost: undefined,
  };
  for (const [written, expected] of Object.entries(spellings)) {
    assert.equal(canonicalAddress(written), expected, written);
  }
});

test('an IPv4-mapped address is the IPv4 address inside of it', () => {
  assert.equal(canonicalAddress('::ffff:192.0.2.1'), '192.0.2.1');
  assert.equal(canonicalAddress('0:0:0:0:0:FFFF:c000:201'), '192.0.2.1');
  assert.deepEqual(addressOctets('::ffff:192.0.2.1'), Uint8Array.of(192, 0, 2, 1));
});

test('octets become the text that they came from', () => {
  for (const text of ['192.0.2.1', '2001:db8::1', '::']) {
    const octets = addressOctets(text);
    assert.ok(octets !== undefined);
    assert.equal(addressToText(octets), text);
  }
});
