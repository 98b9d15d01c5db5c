import assert from 'node:assert/strict';
import { test } from 'node:test';
import { addressOctets } from '../../src/ip/address.ts';
import { ipClass, ipv4Class } from '../../src/ip/address-class.ts';
import { ipPrefixToText, parseIpPrefix, prefixContains } from '../../src/ip/prefix.ts';
import { ipv6FromText } from '../../src/ip/text.ts';
import { fc } from '../support/property.ts';

function octetsOf(text: string): Uint8Array {
  const octets = text.includes(':') ? ipv6FromText(text) : addressOctets(text);
  assert.ok(octets, text);
  return octets;
}

test('an address belongs to the class of its registry entry, first and last address of each', () => {
  const cases = {
    loopback: '0.0.0.0 0.255.255.255 127.0.0.1 127.255.255.255 :: ::1',
    'link-local': '169.254.0.0 169.254.255.255 255.255.255.255 fe80:: febf:ffff::1',
    private: [
      '10.0.0.0 10.255.255.255 100.64.0.0 100.127.255.255 172.16.0.0 172.31.255.255 192.168.0.0 192.168.255.255',
      '192.0.0.0 192.0.0.169 192.0.0.172 192.0.0.255 198.18.0.0 198.19.255.255 240.0.0.0 255.255.255.254',
      'fc00:: fdff:ffff::1 fec0:: feff:ffff::1 64:ff9b:1:: 64:ff9b:1:ffff::1 2001:1::1 2001:1::3 2001:2:0:ffff::',
    ].join(' '),
    multicast: '224.0.0.0 239.255.255.255 ff00:: ffff:ffff::1',
    reserved: [
      '192.0.0.170 192.0.0.171 192.0.2.0 192.0.2.255 198.51.100.0 198.51.100.255 203.0.113.0 203.0.113.255',
      '100::1 2001::1 2001:1::4 2001:2:1:: 2001:1ff:ffff::1 2001:db8:: 2001:db8:ffff::1 3fff:: 3fff:fff:ffff::1',
      '1fff:ffff::1 4000:: fbff:: fe7f::1 64:ff9b:2::1',
    ].join(' '),
    public: [
      '1.0.0.0 9.255.255.255 11.0.0.0 100.63.255.255 100.128.0.0 126.255.255.255 128.0.0.0 169.253.255.255 169.255.0.0',
      '172.15.255.255 172.32.0.0 191.255.255.255 192.0.1.0 192.0.3.0 192.167.255.255 192.169.0.0 198.17.255.255',
      '198.20.0.0 198.51.99.255 198.51.101.0 203.0.112.255 203.0.114.0 223.255.255.255 8.8.8.8',
      '2000:: 2001:3::1 2001:4:112::53 2001:200:: 2001:db7:ffff::1 2001:db9::1 2620:fe::fe 3ffe:ffff::1 3fff:1000::1',
    ].join(' '),
  };
  for (const [expected, addresses] of Object.entries(cases)) {
    for (const address of addresses.split(' ')) {
      assert.equal(ipClass(octetsOf(address)), expected, address);
      if (address.includes(':')) continue;
      assert.equal(ipv4Class(Buffer.from(octetsOf(address)).readUInt32BE()), expected, address);
    }
  }
});

test('an IPv6 address with an IPv4 address inside has the class of that', () => {
  const octet = fc.nat(255);
  fc.assert(
    fc.property(fc.tuple(octet, octet, octet, octet), (quad) => {
      const text = quad.join('.');
      const expected = ipClass(Uint8Array.from(quad));
      for (const prefix of ['::ffff:', '64:ff9b::', '::']) {
        // ::0.0.0.1 and ::0.0.0.0 are IPv6's own loopback and unspecified addresses: the same class.
        assert.equal(ipClass(octetsOf(`${prefix}${text}`)), expected, `${prefix}${text}`);
      }
      const [a, b, c, d] = quad.map((value) => value.toString(16).padStart(2, '0'));
      assert.equal(ipClass(octetsOf(`2002:${a}${b}:${c}${d}::1`)), expected);
    }),
  );
});

test('a prefix is read with bits behind it or without, and nothing else is a prefix', () => {
  const good = {
    '192.168.7.9/16': '192.168.0.0/16',
    '10.1.2.3': '10.1.2.3/32',
    '10.1.2.255/25': '10.1.2.128/25',
    '0.0.0.0/0': '0.0.0.0/0',
    'fe80::1/10': 'fe80::/10',
    '2001:db8::1': '2001:db8::1/128',
    '::ffff:10.0.0.1/104': '10.0.0.0/8',
    '::/0': '::/0',
  };
  for (const [text, expected] of Object.entries(good)) {
    const prefix = parseIpPrefix(text);
    assert.ok(prefix, text);
    assert.equal(ipPrefixToText(prefix), expected);
  }
  const bad = [
    '',
    '/',
    '10.0.0.0/',
    '10.0.0.0/33',
    '10.0.0.0/08',
    '10.0.0/8',
    '::/129',
    '::/-1',
    '::1%lo/64',
    'a/8',
  ];
  for (const text of [...bad, '10.0.0.0/8/8', '10.0.0.0/ 8', '10.0.0.0/1e1']) {
    assert.equal(parseIpPrefix(text), undefined, text);
  }
});

test('a prefix contains exactly the addresses that share its bits', () => {
  const address = fc.oneof(
    fc.uint8Array({ minLength: 4, maxLength: 4 }),
    fc.uint8Array({ minLength: 16, maxLength: 16 }),
  );
  const bits = (octets: Uint8Array) =>
    [...octets].map((octet) => octet.toString(2).padStart(8, '0')).join('');
  fc.assert(
    fc.property(address, address, fc.nat(128), fc.nat(128), (octets, others, some, flip) => {
      const length = some % (octets.length * 8 + 1);
      const near = Uint8Array.from(octets);
      const at = flip % (octets.length * 8);
      near[at >>> 3] = (near[at >>> 3] as number) ^ (0x80 >>> (at & 7));
      const prefix = { octets, length };
      assert.equal(prefixContains(prefix, octets), true);
      assert.equal(prefixContains(prefix, near), at >= length);
      const same = others.length === octets.length && bits(others).startsWith(bits(octets).slice(0, length));
      assert.equal(prefixContains(prefix, others), same);
    }),
  );
});

test('an address of a socket is read without its zone, IPv4-mapped as IPv4', () => {
  assert.deepEqual(addressOctets('fe80::1%eth0'), ipv6FromText('fe80::1'));
  assert.deepEqual([...(addressOctets('::ffff:192.0.2.7') ?? [])], [192, 0, 2, 7]);
  assert.equal(addressOctets('localhost'), undefined);
  assert.equal(addressOctets(''), undefined);
});
