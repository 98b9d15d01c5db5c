import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type InterfaceNames, parseNetifLease, parseResolvConf } from '../../src/system/resolv-conf.ts';
import { fc } from '../support/property.ts';

/** A machine with one interface, eth0, of number 3. */
const interfaces: InterfaceNames = {
  has: (name) => name === 'eth0',
  nameOf: (number) => (number === 3 ? 'eth0' : undefined),
};

const read = (text: string) => parseResolvConf(text, interfaces);

test('nameserver lines are read, and everything else is left alone', () => {
  const text = [
    '# nameserver 192.0.2.66',
    ';nameserver 192.0.2.67',
    'nameserver 192.0.2.1',
    'nameserver\t2001:DB8:0:0::1   # the second',
    ' \tnameserver 192.0.2.2',
    'nameservers 192.0.2.69',
    'nameserver 192.0.2.1',
    'nameserver 192.0.2.3 192.0.2.70',
    'nameserver 192.0.2.4#router',
    'nameserver one.example',
    'nameserver 0.0.0.0',
    'nameserver 01.2.3.4',
    'nameserver 192.0.2.71:53',
    'nameserver',
    'NAMESERVER 192.0.2.72',
    'options edns0 trust-ad',
  ].join('\n');
  const { servers, skipped } = read(text);
  assert.deepEqual(servers, ['192.0.2.1', '2001:db8::1', '192.0.2.2', '192.0.2.3', '192.0.2.4']);
  assert.deepEqual(
    skipped.map(({ text: written }) => written),
    ['one.example', '0.0.0.0', '01.2.3.4', '192.0.2.71:53'],
  );
});

test('a link-local address needs an interface that is up, by its name or by its number', () => {
  const { servers, skipped } = read(
    ['fe80::1%eth0', 'FE80::2%3', 'fe80::3', 'fe80::4%9', 'fe80::5%wlan9', 'fe80::6%', 'fe80::1%3']
      .map((address) => `nameserver ${address}`)
      .join('\n'),
  );
  assert.deepEqual(servers, ['fe80::1%eth0', 'fe80::2%eth0']);
  assert.deepEqual(skipped, [
    { text: 'fe80::3', why: 'is a link-local address without its interface, as in fe80::1%eth0' },
    { text: 'fe80::4%9', why: 'is on the interface 9, which is not up' },
    { text: 'fe80::5%wlan9', why: 'is on the interface wlan9, which is not up' },
    { text: 'fe80::6%', why: 'is not a numeric address' },
  ]);
});

test('an IPv4 address inside IPv6 is that IPv4 address, and what means no host is left out', () => {
  const { servers, skipped } = read(
    [
      '::ffff:192.0.2.1',
      '::ffff:127.0.0.53',
      '::',
      '::ffff:0.0.0.0',
      'ff02::fb',
      '224.0.0.1',
      '2001:db8::1%eth0',
    ]
      .map((address) => `nameserver ${address}`)
      .join('\n'),
  );
  assert.deepEqual(servers, ['192.0.2.1', '127.0.0.53', '2001:db8::1']);
  assert.equal(skipped.length, 4);
});

test('a file with Windows line ends is read the same', () => {
  const { servers, search } = read('nameserver 192.0.2.1\r\nsearch lan corp.example\r\nnameserver ::2\r\n');
  assert.deepEqual(
    [servers, search],
    [
      ['192.0.2.1', '::2'],
      ['lan', 'corp.example'],
    ],
  );
});

test('of search and domain the last line counts', () => {
  assert.deepEqual(read('search a b\ndomain c d\n').search, ['c']);
  assert.deepEqual(read('domain c\n search a\tb # and no more\nsearch\n').search, ['a', 'b']);
});

test('of a huge file no more than sixteen resolvers are taken', () => {
  const lines = Array.from({ length: 50_000 }, (_, i) => `nameserver 10.0.${(i >> 8) & 255}.${i & 255}`);
  const { servers, skipped } = read(lines.join('\n'));
  assert.deepEqual([servers.length, skipped.length], [16, 1]);
});

test('a lease of systemd-networkd names resolvers and domains, link-local ones of its own interface', () => {
  const text = [
    '# This is private data. Do not parse.',
    'ADDRESS=10.77.0.2',
    'ROUTER=10.77.0.1',
    'LIFETIME=3600',
    'DNS=10.77.0.1 2001:db8::1 fe80::1',
    'NTP=10.77.0.9',
    'DOMAINNAME=fritz.box',
    'DOMAIN_SEARCH_LIST=fritz.box corp.example',
  ].join('\n');
  const { servers, search } = parseNetifLease(text, interfaces, 3);
  assert.deepEqual(servers, ['10.77.0.1', '2001:db8::1', 'fe80::1%eth0']);
  assert.deepEqual(search, ['fritz.box', 'corp.example']);
  assert.deepEqual(parseNetifLease(text, interfaces, Number.NaN).servers, ['10.77.0.1', '2001:db8::1']);
});

test('any text is read without an error, and what comes out is an address', () => {
  const line = fc.oneof(
    fc.string(),
    fc
      .tuple(fc.constantFrom('nameserver ', 'search ', 'DNS=', ' domain\t'), fc.string())
      .map((parts) => parts.join('')),
  );
  fc.assert(
    fc.property(fc.array(line), (lines) => {
      for (const { servers } of [read(lines.join('\n')), parseNetifLease(lines.join('\n'), interfaces, 3)]) {
        for (const server of servers) assert.match(server, /^[0-9a-f.:]+(%eth0)?$/);
      }
    }),
  );
});
