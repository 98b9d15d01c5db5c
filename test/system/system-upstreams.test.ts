import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { InterfaceNames } from '../../src/system/resolv-conf.ts';
import { type ResolverFilesOfPlace, systemResolverPlaces } from '../../src/system/resolver-files.ts';
import { findSystemUpstreams, resolverSummary } from '../../src/system/system-upstreams.ts';

const interfaces: InterfaceNames = { has: () => true, nameOf: () => 'eth0' };
const listening = [
  { address: '127.0.0.1', port: 53 },
  { address: '::1', port: 53 },
];

/** What the system has, by path; files of a directory by theirs. */
function machine(texts: Readonly<Record<string, string>>): readonly ResolverFilesOfPlace[] {
  return systemResolverPlaces.map((place) => {
    const { format } = place;
    const paths = place.isDirectory
      ? Object.keys(texts).filter((path) => path.startsWith(`${place.path}/`))
      : [place.path];
    const files = paths.map((path) => {
      const text = texts[path];
      return { path, format, text, problem: text === undefined ? 'does not exist' : undefined };
    });
    return { place, files };
  });
}

const find = (texts: Readonly<Record<string, string>>) =>
  findSystemUpstreams(machine(texts), { listening, machine: [], interfaces });

const own = 'nameserver 127.0.0.1\nnameserver ::1\n';

test('the first place that names a resolver which is not ourselves is used', () => {
  const found = find({
    '/run/systemd/resolve/resolv.conf': own,
    '/run/NetworkManager/no-stub-resolv.conf': 'nameserver 192.0.2.1\nnameserver 127.0.0.1\nsearch lan\n',
    '/etc/resolv.conf': 'nameserver 192.0.2.2\nsearch Fritz.Box. lan\n',
  });
  assert.deepEqual(found.servers, [{ address: '192.0.2.1', port: 53 }]);
  assert.equal(found.path, '/run/NetworkManager/no-stub-resolv.conf');
  // Programs put the domains of any of them behind names.
  assert.deepEqual(found.search, ['lan', 'fritz.box']);
  assert.deepEqual(
    found.reports.map(({ problem, isOnlyOurs }) => [problem, isOnlyOurs]),
    [
      ['names only pkarrd itself', true],
      [undefined, false],
      [undefined, false],
    ],
  );
});

test('behind a file that names only ourselves stand the sources that it was made of', () => {
  const sources: Readonly<Record<string, string>> = {
    '/run/resolvconf/interface/eth0.dhclient': 'nameserver 192.0.2.1\n',
    '/run/resolvconf/interfaces/eth0.dhcp': '# resolv.conf from eth0\nnameserver 192.0.2.1\n',
    '/run/systemd/netif/leases/2': 'DNS=192.0.2.1\nDOMAINNAME=fritz.box\n',
  };
  for (const [path, text] of Object.entries(sources)) {
    const found = find({ '/etc/resolv.conf': own, '/run/resolvconf/interface/lo.pkarrd': own, [path]: text });
    assert.deepEqual(found.servers, [{ address: '192.0.2.1', port: 53 }], path);
    assert.ok(path.startsWith(`${found.path}/`));
  }
  // What this machine's programs use comes before what a lease offers and nobody took.
  const chosen = find({ '/etc/resolv.conf': 'nameserver 192.0.2.9\n', ...sources });
  assert.deepEqual([chosen.path, chosen.servers.length], ['/etc/resolv.conf', 1]);
});

test('the resolvers of all files of a directory count, each once', () => {
  const { servers, path } = find({
    '/run/resolvconf/interface/eth0.dhclient': 'nameserver 192.0.2.1\n',
    '/run/resolvconf/interface/lo.pkarrd': own,
    '/run/resolvconf/interface/tun0': 'nameserver 192.0.2.3\nnameserver 192.0.2.1\n',
  });
  assert.deepEqual(
    servers.map(({ address }) => address),
    ['192.0.2.1', '192.0.2.3'],
  );
  assert.equal(path, '/run/resolvconf/interface');
});

test('without any resolver the reports say why, and whether a file names only ourselves', () => {
  const stub = find({ '/etc/resolv.conf': 'nameserver 127.0.0.53\n' });
  assert.deepEqual(
    [stub.servers, stub.reports.map(({ isOnlyOurs }) => isOnlyOurs)],
    [[], [false, false, true]],
  );
  const none = find({ '/etc/resolv.conf': 'nameserver dns.example\n' });
  assert.deepEqual(
    none.reports.map(({ problem, isOnlyOurs }) => [problem, isOnlyOurs]),
    [
      ['does not exist', false],
      ['does not exist', false],
      ['names no resolver that can be used', false],
    ],
  );
});

test('a local resolver is used while we listen elsewhere', () => {
  const elsewhere = [{ address: '127.0.0.1', port: 5300 }];
  const found = findSystemUpstreams(machine({ '/etc/resolv.conf': 'nameserver 127.0.0.1\n' }), {
    listening: elsewhere,
    machine: [],
    interfaces,
  });
  assert.deepEqual(found.servers, [{ address: '127.0.0.1', port: 53 }]);
});

test('the summary is the same for other words about the same resolvers, and another for others', () => {
  const summary = (text: string) => resolverSummary(machine({ '/etc/resolv.conf': text }), interfaces);
  const first = summary('nameserver 192.0.2.1\nsearch lan\n');
  assert.equal(summary('; changed\nsearch lan\n\nnameserver  192.0.2.1\noptions rotate\n'), first);
  const others = ['nameserver 192.0.2.2\nsearch lan\n', 'nameserver 192.0.2.1\nsearch corp\n', '', own];
  assert.equal(new Set([first, ...others.map(summary)]).size, 5);
});
