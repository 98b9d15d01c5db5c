import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parseLinkState } from '../../../src/system/links/link-state.ts';
import { parseConfiguration } from '../../../src/system/links/network-manager.ts';
import { fc } from '../../support/property.ts';

test('what systemd-resolved keeps of a link gives its resolvers and its domains, search domains apart', () => {
  const text = [
    '# This is private data. Do not parse.',
    'LLMNR=yes',
    'SERVERS=10.88.0.1 10.88.0.2:5353 [2001:db8::1]:53#dns.corp.example fe80::1%4 nonsense 10.0.0.1:99999',
    'DOMAINS=Corp.Example ~internal. ~.',
    '',
  ].join('\n');
  assert.deepEqual(parseLinkState(text, 'tun0'), {
    link: 'tun0',
    servers: [
      { address: '10.88.0.1', port: 53 },
      { address: '10.88.0.2', port: 5353 },
      { address: '2001:db8::1', port: 53 },
      { address: 'fe80::1%tun0', port: 53 },
    ],
    domains: ['corp.example', 'internal'],
    search: ['corp.example'],
    takesAll: true,
  });
});

test('what systemd-networkd keeps of a link is read too, with its routing domains', () => {
  const text = 'ADMIN_STATE=configured\nDNS=10.88.0.1\nDOMAINS=lan\nROUTE_DOMAINS=corp.example ~b.example\n';
  assert.deepEqual(parseLinkState(text, 'wg0'), {
    link: 'wg0',
    servers: [{ address: '10.88.0.1', port: 53 }],
    domains: ['lan', 'corp.example', 'b.example'],
    search: ['lan'],
    takesAll: false,
  });
});

test('a link without resolvers says nothing', () => {
  for (const text of ['', 'DOMAINS=corp.example\n', 'SERVERS=\nDOMAINS=a\n', 'SERVERS=x\n'])
    assert.equal(parseLinkState(text, 'tun0'), undefined);
});

/** An entry of NetworkManager's property, as busctl prints it. */
function entry(link: string, vpn: boolean, nameservers: readonly string[], domains: readonly string[]) {
  return {
    nameservers: { type: 'as', data: nameservers },
    domains: { type: 'as', data: domains },
    interface: { type: 's', data: link },
    priority: { type: 'i', data: 50 },
    vpn: { type: 'b', data: vpn },
  };
}

test('of NetworkManager only VPN links count: the domains of a local network come from whoever runs it', () => {
  const data = [
    entry('tun0', true, ['10.88.0.1'], ['corp.example', '~b.example']),
    entry('lan0', false, ['10.77.0.1'], ['com']),
    entry('tun1', true, [], ['c.example']),
  ];
  assert.deepEqual(
    parseConfiguration(JSON.stringify({ type: 'aa{sv}', data }))?.map(({ link, domains }) => [link, domains]),
    [['tun0', ['corp.example', 'b.example']]],
  );
});

test('any text of a file or of NetworkManager gives a state or none', () => {
  const line = fc.tuple(
    fc.constantFrom('SERVERS=', 'DNS=', 'DOMAINS=', 'ROUTE_DOMAINS=', ''),
    fc.oneof(fc.string(), fc.constantFrom('[::1', '[]:1', ':53', '1.2.3.4:', '%', '~', '~.', '.', '#')),
  );
  fc.assert(
    fc.property(fc.array(line), (lines) => {
      const state = parseLinkState(lines.map((words) => words.join('')).join('\n'), 'tun0');
      for (const { port } of state?.servers ?? []) assert.ok(port > 0 && port < 65_536);
    }),
  );
  fc.assert(
    fc.property(fc.json(), (text) => {
      parseConfiguration(text);
      parseConfiguration(
        `{"data":[${text},{"vpn":{"data":true},"interface":{"data":"a"},"domains":${text}}]}`,
      );
    }),
  );
  assert.equal(parseConfiguration('not JSON'), undefined);
});
