import assert from 'node:assert/strict';
import { test } from 'node:test';
import { UpstreamSpecError } from '../../src/forward/spec/spec-error.ts';
import { readUpstreams, usesSystem, withSystem } from '../../src/forward/spec/upstream-set.ts';
import {
  parseUpstream,
  parseUpstreamEntry,
  specToText,
  type UpstreamSpec,
} from '../../src/forward/spec/upstream-spec.ts';
import { fc } from '../support/property.ts';

const pin = `${'A'.repeat(43)}=`;
const byName = (name: string) => ({ kind: 'name', name }) as const;

const accepted: readonly (readonly [text: string, spec: UpstreamSpec, label: string])[] = [
  ['9.9.9.9', { kind: 'udp', address: '9.9.9.9', port: 53 }, '9.9.9.9'],
  [' 9.9.9.9:5353 ', { kind: 'udp', address: '9.9.9.9', port: 5353 }, '9.9.9.9:5353'],
  ['udp://9.9.9.9:53', { kind: 'udp', address: '9.9.9.9', port: 53 }, '9.9.9.9'],
  ['2620:FE:0::fe', { kind: 'udp', address: '2620:fe::fe', port: 53 }, '2620:fe::fe'],
  ['[2620:fe::fe]', { kind: 'udp', address: '2620:fe::fe', port: 53 }, '2620:fe::fe'],
  ['[2620:fe::fe]:5353', { kind: 'udp', address: '2620:fe::fe', port: 5353 }, '[2620:fe::fe]:5353'],
  ['::ffff:9.9.9.9', { kind: 'udp', address: '9.9.9.9', port: 53 }, '9.9.9.9'],
  ['[::ffff:909:909]:5353', { kind: 'udp', address: '9.9.9.9', port: 5353 }, '9.9.9.9:5353'],
  ['fe80::1%eth0', { kind: 'udp', address: 'fe80::1%eth0', port: 53 }, 'fe80::1%eth0'],
  ['[fe80::1%eth0]:54', { kind: 'udp', address: 'fe80::1%eth0', port: 54 }, '[fe80::1%eth0]:54'],
  ['tcp://1.2.3.4', { kind: 'tcp', address: '1.2.3.4', port: 53 }, 'tcp://1.2.3.4'],
  ['TCP://[::2]:54', { kind: 'tcp', address: '::2', port: 54 }, 'tcp://[::2]:54'],
  [
    'tls://9.9.9.9#dns.quad9.net',
    { kind: 'tls', address: '9.9.9.9', host: undefined, port: 853, identity: byName('dns.quad9.net') },
    'tls://9.9.9.9#dns.quad9.net',
  ],
  [
    'tls://9.9.9.9:8853#dns.quad9.net',
    { kind: 'tls', address: '9.9.9.9', host: undefined, port: 8853, identity: byName('dns.quad9.net') },
    'tls://9.9.9.9:8853#dns.quad9.net',
  ],
  [
    'tls://9.9.9.9',
    { kind: 'tls', address: '9.9.9.9', host: undefined, port: 853, identity: byName('9.9.9.9') },
    'tls://9.9.9.9',
  ],
  [
    'tls://[2620:fe::fe]#DNS.quad9.net.',
    { kind: 'tls', address: '2620:fe::fe', host: undefined, port: 853, identity: byName('dns.quad9.net') },
    'tls://[2620:fe::fe]#dns.quad9.net',
  ],
  [
    `tls://192.168.1.1#sha256/${pin}`,
    {
      kind: 'tls',
      address: '192.168.1.1',
      host: undefined,
      port: 853,
      identity: { kind: 'pin', sha256: pin },
    },
    `tls://192.168.1.1#sha256/${pin}`,
  ],
  [
    'tls://dns.quad9.net',
    { kind: 'tls', address: undefined, host: 'dns.quad9.net', port: 853, identity: byName('dns.quad9.net') },
    'tls://dns.quad9.net',
  ],
  [
    'tls://dns.quad9.net@9.9.9.9',
    { kind: 'tls', address: '9.9.9.9', host: 'dns.quad9.net', port: 853, identity: byName('dns.quad9.net') },
    'tls://dns.quad9.net@9.9.9.9',
  ],
  [
    'https://dns.quad9.net/dns-query@9.9.9.9',
    { kind: 'https', address: '9.9.9.9', host: 'dns.quad9.net', port: 443, path: '/dns-query' },
    'https://dns.quad9.net/dns-query@9.9.9.9',
  ],
  [
    'https://dns.quad9.net:8443/a/b@[2620:fe::fe]',
    { kind: 'https', address: '2620:fe::fe', host: 'dns.quad9.net', port: 8443, path: '/a/b' },
    'https://dns.quad9.net:8443/a/b@2620:fe::fe',
  ],
  [
    'https://9.9.9.9',
    { kind: 'https', address: '9.9.9.9', host: '9.9.9.9', port: 443, path: '/dns-query' },
    'https://9.9.9.9/dns-query',
  ],
];

test('every form in which people write an upstream is read, and its label means the same', () => {
  for (const [text, spec, label] of accepted) {
    assert.deepEqual(parseUpstream(text), spec, text);
    assert.equal(specToText(spec), label, text);
    assert.deepEqual(parseUpstream(label), spec, label);
  }
});

const refused = [
  '',
  ' ',
  'dns.quad9.net',
  '9.9.9',
  '9.9.9.9:',
  '9.9.9.9:0',
  '9.9.9.9:65536',
  '9.9.9.9:5x',
  '09.9.9.9',
  '0.0.0.0',
  '::',
  '0.1.2.3',
  '224.0.0.251',
  '255.255.255.255',
  'ff02::fb',
  '[9.9.9.9]:53',
  '[::1',
  '2620:fe::fe:53:53:53:53:53:53',
  'ftp://9.9.9.9',
  'tcp://dns.quad9.net',
  'tcp://',
  'tls://9.9.9.9#',
  'tls://9.9.9.9#two_words!',
  'tls://9.9.9.9#sha256/short',
  'https://',
  'https://dns.quad9.net/{dns}',
  'https://dns.quad9.net/dns-query@dns.quad9.net',
  'fe80::1',
  'tls://fe80::1#dns.example',
  'tls://dns.example@fe80::1',
  '240.0.0.1',
  `${'a'.repeat(5000)}`,
];

test('anything else is refused with one sentence that quotes it and says what is accepted', () => {
  for (const text of refused) {
    assert.throws(
      () => parseUpstream(text),
      (error) => {
        assert.ok(error instanceof UpstreamSpecError, text);
        assert.match(error.message, /is not a valid upstream: .*; write an address \(9\.9\.9\.9/, text);
        assert.ok(error.message.length < 400, text);
        return true;
      },
      text,
    );
  }
});

const foreign: readonly (readonly [text: string, advice: string])[] = [
  ['9.9.9.9#5353', 'write 9.9.9.9:5353'],
  ['2620:fe::fe#5353', 'write [2620:fe::fe]:5353'],
  ['9.9.9.9#dns.quad9.net', 'write tls://9.9.9.9#dns.quad9.net'],
  ['9.9.9.9@5353', 'write 9.9.9.9:5353'],
  ['9.9.9.9@853', 'write tls://9.9.9.9 for DNS over TLS'],
  ['9.9.9.9@853#dns.quad9.net', 'write tls://9.9.9.9#dns.quad9.net for DNS over TLS'],
  ['2620:fe::fe@853#dns.quad9.net', 'write tls://[2620:fe::fe]#dns.quad9.net for DNS over TLS'],
  ['9.9.9.9@8853#dns.quad9.net', 'write tls://9.9.9.9:8853#dns.quad9.net for DNS over TLS'],
  ['[/lan/home.arpa/]192.168.1.1', 'write /lan/home.arpa/192.168.1.1'],
  ['https://dns.google/dns-query{?dns}', 'write https://dns.google/dns-query'],
  ['https://dns.google/dns-query{?dns}@8.8.8.8', 'write https://dns.google/dns-query@8.8.8.8'],
  ['quic://dns.adguard.com', 'write the address of the resolver, or its tls:// or https:// form'],
  ['sdns://AgcAAAAAAAAA', 'write the address of the resolver, or its tls:// or https:// form'],
  ['9.9.9.9 149.112.112.112', 'write each upstream by itself'],
  ['fe80::1', '(write fe80::1%eth0, for example)'],
];

test('what other programs write is refused with what to write here, and that is accepted', () => {
  for (const [text, advice] of foreign) {
    assert.throws(
      () => parseUpstreamEntry(text),
      (error) => error instanceof UpstreamSpecError && error.message.includes(advice),
      text,
    );
    const instead = /^write ([/[\d:a-z]\S+)/.exec(advice)?.[1];
    if (instead?.includes('.') === true) parseUpstreamEntry(instead);
  }
});

test('routes alone add to the resolvers of the network, and an upstream takes their place unless they are named too', () => {
  const servers = [{ address: '192.0.2.53', port: 53 }];
  const chosen = (...texts: string[]) =>
    withSystem(readUpstreams(texts), servers).upstreams.map((spec) => specToText(spec));
  assert.deepEqual(chosen('/lan/192.168.1.1'), ['192.0.2.53']);
  assert.deepEqual(chosen('9.9.9.9', '/lan/192.168.1.1'), ['9.9.9.9']);
  assert.deepEqual(chosen('9.9.9.9', 'system', '/lan/192.168.1.1'), ['9.9.9.9', '192.0.2.53']);
  assert.deepEqual(chosen(), []);
  assert.equal(usesSystem(readUpstreams(['/lan/192.168.1.1'])), true);
  assert.equal(usesSystem(readUpstreams(['9.9.9.9', '/lan/192.168.1.1'])), false);
  assert.equal(readUpstreams(['/lan/192.168.1.1']).routes.length, 1);
});

test("routes are read in dnsmasq's form, with one domain or several and every kind of upstream", () => {
  const read = (text: string): unknown => {
    const entry = parseUpstreamEntry(text);
    if (entry.kind === 'upstream') return specToText(entry.upstream);
    const { domains, upstream } = entry.route;
    return [domains.map(String), upstream === 'default' ? upstream : specToText(upstream)];
  };
  assert.equal(read('9.9.9.9'), '9.9.9.9');
  assert.deepEqual(read('/lan/192.168.1.1'), [['lan.'], '192.168.1.1']);
  assert.deepEqual(read('/bücher.example/192.168.1.1'), [['xn--bcher-kva.example.'], '192.168.1.1']);
  assert.deepEqual(read('/a.example/B.example/[::2]:54'), [['a.example.', 'B.example.'], '[::2]:54']);
  assert.deepEqual(read('/168.192.in-addr.arpa/2001:db8::1'), [['168.192.in-addr.arpa.'], '2001:db8::1']);
  assert.deepEqual(read('/corp/tls://10.0.0.1#dns.corp'), [['corp.'], 'tls://10.0.0.1#dns.corp']);
  assert.deepEqual(read('/corp/https://dns.corp/dns-query@10.0.0.1'), [
    ['corp.'],
    'https://dns.corp/dns-query@10.0.0.1',
  ]);
  assert.deepEqual(read('/public.lan/#'), [['public.lan.'], 'default']);
  assert.deepEqual(read('/*.lan/192.168.1.1'), [['lan.'], '192.168.1.1']);
  assert.deepEqual(read('/192.168.1.0/24/192.168.1.1'), [['1.168.192.in-addr.arpa.'], '192.168.1.1']);
  assert.deepEqual(read('/lan/10.0.0.0/8/corp/192.168.1.1'), [
    ['lan.', '10.in-addr.arpa.', 'corp.'],
    '192.168.1.1',
  ]);
  assert.deepEqual(read('/192.168.4.7/22/192.168.1.1'), [
    [
      '4.168.192.in-addr.arpa.',
      '5.168.192.in-addr.arpa.',
      '6.168.192.in-addr.arpa.',
      '7.168.192.in-addr.arpa.',
    ],
    '192.168.1.1',
  ]);
  assert.deepEqual(read('/192.168.1.1/32/192.168.1.1'), [['1.1.168.192.in-addr.arpa.'], '192.168.1.1']);
  assert.deepEqual(read('/fd00::/8/192.168.1.1'), [['d.f.ip6.arpa.'], '192.168.1.1']);
  assert.deepEqual(read('/2001:db8::/31/::2'), [
    ['8.b.d.0.1.0.0.2.ip6.arpa.', '9.b.d.0.1.0.0.2.ip6.arpa.'],
    '::2',
  ]);
  assert.deepEqual(read('/0.0.0.0/0/192.168.1.1'), [['in-addr.arpa.'], '192.168.1.1']);
});

test('a broken route is refused with one sentence', () => {
  for (const text of [
    '/',
    '//',
    '/lan',
    '/lan/',
    '//192.168.1.1',
    '/lan//192.168.1.1',
    '/a..b/192.168.1.1',
    '/lan/nobody',
    '/#/192.168.1.1',
    '/*/192.168.1.1',
    '/*lan/192.168.1.1',
    '/a.*.lan/192.168.1.1',
    '/192.168.1.0/192.168.1.1',
    '/192.168.1.0/33/192.168.1.1',
    '/192.168.1.0/24',
    '/lan/fe80::1',
    `/${'a.'.repeat(600)}/192.168.1.1`,
  ]) {
    assert.throws(() => parseUpstreamEntry(text), UpstreamSpecError, text);
  }
});

test('no text makes the parser throw anything but its own error', () => {
  const piece = fc.constantFrom(
    '/',
    ':',
    '[',
    ']',
    '@',
    '#',
    '%',
    '.',
    'tls://',
    'https://',
    '9.9.9.9',
    '::1',
    'lan',
    '53',
  );
  const text = fc.oneof(
    fc.string(),
    fc.array(piece).map((pieces) => pieces.join('')),
  );
  fc.assert(
    fc.property(text, (written) => {
      try {
        const entry = parseUpstreamEntry(written);
        const spec = entry.kind === 'upstream' ? entry.upstream : entry.route.upstream;
        if (spec !== 'default') assert.deepEqual(parseUpstream(specToText(spec)), spec);
      } catch (error) {
        if (!(error instanceof UpstreamSpecError)) throw error;
      }
    }),
    { numRuns: 2000 },
  );
});
