import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Name } from '../../../src/dns/name.ts';
import { classifySpecial } from '../../../src/resolve/special/special-names.ts';
import { specialUse } from '../../../src/resolve/special/special-use.ts';
import { name as anyName } from '../../dns/arbitraries.ts';
import { fc } from '../../support/property.ts';
import { layered, queryFor } from '../layers.ts';

const noRoutes = () => false;
const everywhere = () => true;

/** The reverse name of an IPv6 prefix with any rest behind it, digits written from the first. */
const ip6 = (digits: string) => `${[...digits.padEnd(32, '7')].reverse().join('.')}.ip6.arpa`;
const loopback6 = `1.${'0.'.repeat(31)}ip6.arpa`;

const private6 = [
  '00000000000000000000000000000000',
  'fd00',
  'fdff',
  'fe80',
  'fe90',
  'fea0',
  'febf',
  '20010db8',
  '3fff0',
];
const public6 = [
  '00000000000000000000000000000002',
  'fc00',
  'fe70',
  'fec0',
  '20010db9',
  '3fff1',
  '2a00',
  'ff02',
];

test('each name belongs to its rule, and names beside a rule to none', () => {
  const cases: readonly (readonly [string, string | undefined])[] = [
    ['localhost', 'localhost'],
    ['LocalHost', 'localhost'],
    ['a.b.localhost', 'localhost'],
    ['localhost.example', undefined],
    ['notlocalhost', undefined],
    ['invalid', 'no-such-name'],
    ['a.b.invalid', 'no-such-name'],
    ['x.TEST', 'no-such-name'],
    ['x.onion', 'no-such-name'],
    ['x.alt', 'no-such-name'],
    ['printer.local', 'no-such-name'],
    ['printer.local.example', undefined],
    ['nas.internal', 'no-such-name'],
    ['home.arpa', 'private-zone'],
    ['nas.home.arpa', 'private-zone'],
    ['nashome.arpa', undefined],
    ['use-application-dns.net', 'no-such-name'],
    ['example.net', undefined],
    ['net', undefined],
    ['resolver.arpa', 'no-data'],
    ['_dns.resolver.arpa', 'no-data'],
    ['ipv4only.arpa', undefined],
    ['arpa', undefined],
    ['in-addr.arpa', undefined],
    ['.', undefined],
    ['', undefined],
    ['1.0.0.127.in-addr.arpa', 'loopback-reverse'],
    ['127.in-addr.arpa', 'loopback-reverse'],
    [loopback6, 'loopback-reverse'],
    ['7.7.168.192.in-addr.arpa', 'private-zone'],
    ['168.192.in-addr.arpa', 'private-zone'],
    ['192.in-addr.arpa', undefined],
    ['1.167.192.in-addr.arpa', undefined],
    ['10.in-addr.arpa', 'private-zone'],
    ['3.2.1.10.in-addr.arpa', 'private-zone'],
    ['0.in-addr.arpa', 'private-zone'],
    ['15.172.in-addr.arpa', undefined],
    ['16.172.in-addr.arpa', 'private-zone'],
    ['31.172.in-addr.arpa', 'private-zone'],
    ['32.172.in-addr.arpa', undefined],
    ['63.100.in-addr.arpa', undefined],
    ['1.64.100.in-addr.arpa', 'private-zone'],
    ['1.127.100.in-addr.arpa', 'private-zone'],
    ['128.100.in-addr.arpa', undefined],
    ['1.1.254.169.in-addr.arpa', 'private-zone'],
    ['1.2.0.192.in-addr.arpa', 'private-zone'],
    ['1.100.51.198.in-addr.arpa', 'private-zone'],
    ['1.113.0.203.in-addr.arpa', 'private-zone'],
    ['255.255.255.255.in-addr.arpa', 'private-zone'],
    ['254.255.255.255.in-addr.arpa', undefined],
    ['8.8.8.8.in-addr.arpa', undefined],
    ...private6.map((digits) => [ip6(digits), 'private-zone'] as const),
    ...public6.map((digits) => [ip6(digits), undefined] as const),
  ];
  for (const [text, kind] of cases) {
    assert.equal(classifySpecial(Name.parse(text))?.kind, kind, text);
  }
});

test('the zone of a special name is the name itself or stands above it', () => {
  const special = fc.constantFrom(
    'localhost',
    'onion',
    'home.arpa',
    '168.192.in-addr.arpa',
    'd.f.ip6.arpa',
    '',
  );
  fc.assert(
    fc.property(
      fc.array(fc.constantFrom('a', 'B', '10', '\xff'), { maxLength: 5 }),
      special,
      (labels, zone) => {
        const name = Name.fromLabels([...labels, ...Name.parse(zone).labels]);
        const found = classifySpecial(name);
        assert.ok(found === undefined ? zone === '' : name.isWithin(found.zone));
      },
    ),
  );
  fc.assert(
    fc.property(anyName, (name) => {
      const found = classifySpecial(name);
      assert.ok(found === undefined || name.isWithin(found.zone));
      // Case changes nothing.
      assert.equal(found, classifySpecial(name.toLowerCase()));
    }),
  );
});

test('special names are answered here: nothing is asked of anybody', async () => {
  const reserved = 'extended error 0';
  const cases: readonly (readonly [name: string, type: string, ...lines: string[]])[] = [
    ['localhost', 'A', 'NOERROR', 'localhost. 10800 IN A 127.0.0.1'],
    ['a.b.localhost', 'AAAA', 'NOERROR', 'a.b.localhost. 10800 IN AAAA ::1'],
    ['localhost', 'HTTPS', 'NOERROR', 'SOA of localhost. for 10800 s'],
    ['a.localhost', 'NS', 'NOERROR', 'SOA of localhost. for 10800 s'],
    ['1.0.0.127.in-addr.arpa', 'PTR', 'NOERROR', '1.0.0.127.in-addr.arpa. 10800 IN PTR localhost.'],
    ['1.0.0.127.in-addr.arpa', 'TXT', 'NOERROR', 'SOA of 127.in-addr.arpa. for 10800 s'],
    ['0.0.127.in-addr.arpa', 'PTR', 'NOERROR', 'SOA of 127.in-addr.arpa. for 10800 s'],
    ['127.in-addr.arpa', 'PTR', 'NOERROR', 'SOA of 127.in-addr.arpa. for 10800 s'],
    ['127.in-addr.arpa', 'NS', 'NOERROR', '127.in-addr.arpa. 10800 IN NS 127.in-addr.arpa.'],
    ['2.0.0.127.in-addr.arpa', 'PTR', 'NXDOMAIN', 'SOA of 127.in-addr.arpa. for 10800 s'],
    [loopback6, 'PTR', 'NOERROR', `${loopback6}. 10800 IN PTR localhost.`],
    [loopback6, 'A', 'NOERROR', `SOA of ${loopback6}. for 10800 s`],
    ['x.invalid', 'A', 'NXDOMAIN', 'SOA of invalid. for 10800 s', reserved],
    ['x.test', 'A', 'NXDOMAIN', 'SOA of test. for 300 s', reserved],
    ['x.onion', 'AAAA', 'NXDOMAIN', 'SOA of onion. for 10800 s', reserved],
    ['x.alt', 'A', 'NXDOMAIN', 'SOA of alt. for 300 s', reserved],
    ['x.local', 'A', 'NXDOMAIN', 'SOA of local. for 300 s', reserved],
    ['x.internal', 'A', 'NXDOMAIN', 'SOA of internal. for 60 s', reserved],
    ['x.home.arpa', 'A', 'NXDOMAIN', 'SOA of home.arpa. for 300 s', reserved],
    ['home.arpa', 'A', 'NOERROR', 'SOA of home.arpa. for 300 s', reserved],
    ['home.arpa', 'NS', 'NOERROR', 'home.arpa. 300 IN NS home.arpa.'],
    [
      'home.arpa',
      'SOA',
      'NOERROR',
      'home.arpa. 300 IN SOA home.arpa. nobody.invalid. 1 3600 1200 604800 300',
    ],
    ['home.arpa', 'DS', 'NOERROR', 'SOA of home.arpa. for 300 s', reserved],
    ['use-application-dns.net', 'A', 'NXDOMAIN', 'SOA of use-application-dns.net. for 10800 s', reserved],
    ['7.7.168.192.in-addr.arpa', 'PTR', 'NXDOMAIN', 'SOA of 168.192.in-addr.arpa. for 300 s', reserved],
    ['_dns.resolver.arpa', 'SVCB', 'NOERROR', 'SOA of resolver.arpa. for 10800 s'],
  ];
  const { lines, asked } = layered(specialUse({ hasRoute: noRoutes }));
  for (const [name, type, ...expected] of cases) {
    assert.deepEqual(await lines(queryFor(name, type)), expected, `${name} ${type}`);
  }
  assert.deepEqual(asked, []);
});

test('ordinary names go on as they are, ipv4only.arpa among them', async () => {
  const { ask, asked } = layered(specialUse({ hasRoute: noRoutes }));
  for (const name of ['example.com', 'ipv4only.arpa', '8.8.8.8.in-addr.arpa', 'example.net', '.']) {
    const query = queryFor(name);
    assert.equal((await ask(query)).kind, 'forwarded');
    assert.equal(asked.pop(), `${query.question.name} 1`);
  }
});

test('a route is stronger than private names, and never than names of this machine or ones that do not exist', async () => {
  const routed = [
    'x.test',
    'x.local',
    'x.alt',
    'x.internal',
    'x.home.arpa',
    '7.7.168.192.in-addr.arpa',
    ip6('fd'),
  ];
  const fixed = [
    'localhost',
    'x.localhost',
    'x.invalid',
    'x.onion',
    'use-application-dns.net',
    'resolver.arpa',
    '1.0.0.127.in-addr.arpa',
    loopback6,
  ];
  const { ask, asked } = layered(specialUse({ hasRoute: everywhere }));
  for (const name of fixed) await ask(queryFor(name));
  assert.deepEqual(asked, []);
  for (const name of routed) await ask(queryFor(name));
  assert.deepEqual(
    asked,
    routed.map((name) => `${name}. 1`),
  );
});

test('a route is asked for the name of the question, and only where one counts', async () => {
  const looked: string[] = [];
  const { ask, asked } = layered(
    specialUse({
      hasRoute: (name) => {
        looked.push(name.toString());
        return name.isWithin(Name.parse('lan.test'));
      },
    }),
  );
  for (const name of ['a.lan.test', 'b.test', 'example.com', 'x.onion']) await ask(queryFor(name));
  assert.deepEqual(looked, ['a.lan.test.', 'b.test.']);
  assert.deepEqual(asked, ['a.lan.test. 1', 'example.com. 1']);
});

test('the DS of a private zone is asked of its parent for a validator, and nothing below it is', async () => {
  const { ask, asked } = layered(specialUse({ hasRoute: noRoutes }));
  const validator = { dnssecOk: true };
  for (const name of ['home.arpa', '168.192.in-addr.arpa', 'x.home.arpa', 'internal', '127.in-addr.arpa']) {
    await ask(queryFor(name, 'DS', validator));
  }
  await ask(queryFor('home.arpa', 'A', validator));
  assert.deepEqual(asked, ['home.arpa. 43', '168.192.in-addr.arpa. 43']);
});
