import assert from 'node:assert/strict';
import { networkInterfaces } from 'node:os';
import { test } from 'node:test';
import { type IpPrefix, ipPrefixToText, parseIpPrefix } from '../../src/ip/prefix.ts';
import {
  AccessList,
  defaultAccess,
  type Interfaces,
  loopbackPrefixes,
} from '../../src/serve/clients/access-list.ts';

function prefixes(...texts: readonly string[]): readonly IpPrefix[] {
  return texts.map((text) => {
    const prefix = parseIpPrefix(text);
    assert.ok(prefix, text);
    return prefix;
  });
}

test('an address is allowed when a prefix of the list holds it, in whatever form the socket writes it', () => {
  const list = new AccessList(prefixes('192.168.0.0/16', '2001:db8::/32', 'fe80::/64', '203.0.113.7'));
  const cases: Readonly<Record<string, boolean>> = {
    '192.168.0.1': true,
    '192.168.255.255': true,
    '192.169.0.1': false,
    '::ffff:192.168.0.1': true,
    '::ffff:192.169.0.1': false,
    '2001:db8:ffff::1': true,
    '2001:db9::1': false,
    'fe80::1%eth0': true,
    'fe80:0:0:1::1%eth0': false,
    '203.0.113.7': true,
    '203.0.113.8': false,
    '127.0.0.1': false,
    '': false,
    example: false,
  };
  for (const turn of ['judged', 'remembered']) {
    for (const [address, allowed] of Object.entries(cases)) {
      for (const again of [1, 2])
        assert.equal(list.isAllowed(address), allowed, `${address} ${turn} ${again}`);
    }
  }
});

test('a replaced list holds at once, for addresses that were judged before too', () => {
  const list = new AccessList(prefixes('10.0.0.0/8'));
  assert.equal(list.isAllowed('10.1.1.1'), true);
  list.replace(prefixes('192.168.0.0/16'));
  assert.equal(list.isAllowed('10.1.1.1'), false);
  assert.equal(list.isAllowed('192.168.1.1'), true);
});

test('verdicts stay right when more addresses ask than are remembered', () => {
  const list = new AccessList(prefixes('10.0.0.0/9'));
  for (let i = 0; i < 10_000; i++) {
    const address = `10.${i & 255}.${i >> 8}.1`;
    assert.equal(list.isAllowed(address), (i & 255) < 128, address);
  }
});

const router: Interfaces = {
  lo: [
    { address: '127.0.0.1', cidr: '127.0.0.1/8' },
    { address: '::1', cidr: '::1/128' },
  ],
  lan: [
    { address: '192.168.1.1', cidr: '192.168.1.1/24' },
    { address: '2001:db8:1::1', cidr: '2001:db8:1::1/64' },
    { address: 'fe80::1', cidr: 'fe80::1/64' },
  ],
  wan: [
    { address: '203.0.113.7', cidr: '203.0.113.7/24' },
    { address: '10.9.0.1', cidr: null },
    { address: '1.2.3.4', cidr: '1.2.3.4/0' },
  ],
};

test('by default this machine may ask, and the networks of the interfaces that are listened on', () => {
  const loopback = ['127.0.0.0/8', '::1/128'];
  const lan = ['192.168.1.0/24', '2001:db8:1::/64', 'fe80::/64'];
  const cases: readonly (readonly [listen: readonly string[], expected: readonly string[]])[] = [
    [[], loopback],
    [['127.0.0.1', '::1'], loopback],
    [
      ['127.0.0.1', '192.168.1.1'],
      [...loopback, ...lan],
    ],
    [['2001:db8:1::1'], [...loopback, ...lan]],
    [['203.0.113.7'], [...loopback, '203.0.113.0/24']],
    [['192.168.1.99'], loopback],
    // The neighbours on the side of the provider are strangers.
    [['0.0.0.0'], [...loopback, '127.0.0.0/8', '::1/128', '192.168.1.0/24', 'fe80::/64']],
    [['::'], [...loopback, '127.0.0.0/8', '::1/128', '192.168.1.0/24', 'fe80::/64']],
  ];
  for (const [listen, expected] of cases) {
    assert.deepEqual(defaultAccess(listen, router).map(ipPrefixToText), expected, listen.join(' '));
  }
});

test('the interfaces of this machine are understood', () => {
  const list = new AccessList(defaultAccess(['0.0.0.0'], networkInterfaces()));
  assert.equal(list.isAllowed('127.0.0.1'), true);
  assert.equal(list.isAllowed('127.1.2.3'), true);
  assert.equal(new AccessList(loopbackPrefixes).isAllowed('::1'), true);
});
