import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { defaultRouteLinks, type LinkFacts, linkFacts } from '../../../src/system/links/link-facts.ts';
import { linkSummary, linksWithDomains } from '../../../src/system/links/link-resolvers.ts';
import { ResolverFiles } from '../../../src/system/resolver-files.ts';

const directory = mkdtempSync(join(tmpdir(), 'pkarrd-links-'));
after(() => rmSync(directory, { recursive: true }));

function write(path: string, text: string): void {
  mkdirSync(join(directory, path, '..'), { recursive: true });
  writeFileSync(join(directory, path), text);
}

const lan: LinkFacts = { number: 2, name: 'lan0', isTunnel: false, hasDefaultRoute: true };
const vpn: LinkFacts = { number: 3, name: 'vpn0', isTunnel: false, hasDefaultRoute: false };
const tunnel: LinkFacts = { number: 4, name: 'tun0', isTunnel: true, hasDefaultRoute: true };

const files = new ResolverFiles([
  { path: join(directory, 'netif'), format: 'link-state', isDirectory: true },
]);

test('a link with the default route counts only if it is a tunnel', async () => {
  for (const { number, name } of [lan, vpn, tunnel])
    write(`netif/${number}`, `SERVERS=10.0.0.${number}\nDOMAINS=${name}.example\n`);
  write('netif/9', 'SERVERS=10.0.0.9\nDOMAINS=gone.example\n');
  const nobody = async () => undefined;
  const sources = { files, facts: () => [lan, vpn, tunnel], resolved: nobody, networkManager: nobody };
  const found = await linksWithDomains(sources);
  assert.deepEqual(
    found.map(({ link, domains }) => [link, domains]),
    [
      ['vpn0', ['vpn0.example']],
      ['tun0', ['tun0.example']],
    ],
  );
});

test('the summary differs when a link says something else, and when another link leads to the Internet', async () => {
  const facts = () => [lan, vpn];
  const first = linkSummary(await files.read(), facts);
  write('netif/3', 'SERVERS=10.0.0.3\nDOMAINS=vpn0.example\nLLMNR=no\n');
  assert.equal(linkSummary(await files.read(), facts), first);
  write('netif/3', 'SERVERS=10.0.0.3\nDOMAINS=other.example\n');
  const second = linkSummary(await files.read(), facts);
  assert.notEqual(second, first);
  assert.notEqual(
    linkSummary(await files.read(), () => [{ ...vpn, hasDefaultRoute: true }, lan]),
    second,
  );
});

test('without files the kernel is not asked', () => {
  assert.equal(
    linkSummary([], () => assert.fail()),
    '',
  );
});

test('default routes are those that are up, reject nothing, and match every address', () => {
  const route = [
    'Iface\tDestination\tGateway \tFlags\tRefCnt\tUse\tMetric\tMask\t\tMTU\tWindow\tIRTT',
    'lan0\t00000000\t0100480A\t0003\t0\t0\t0\t00000000\t0\t0\t0',
    'half\t00000000\t0100480A\t0003\t0\t0\t0\t00000080\t0\t0\t0',
    'net0\t0000480A\t00000000\t0001\t0\t0\t0\t00FFFFFF\t0\t0\t0',
    'bad0\t00000000\t00000000\t0201\t0\t0\t0\t00000000\t0\t0\t0',
  ].join('\n');
  const zero = '0'.repeat(32);
  const route6 = [
    `${zero} 00 ${zero} 00 fe800000000000000000000000000001 00000400 00000001 00000000 00000003   six0`,
    `${zero} 00 ${zero} 00 ${zero} ffffffff 00000001 00000000 00200200       lo`,
    `20010db8${'0'.repeat(24)} 20 ${zero} 00 ${zero} 00000400 00000001 00000000 00000001   net1`,
  ].join('\n');
  assert.deepEqual([...defaultRouteLinks(route, route6)], ['lan0', 'six0']);
});

test('the links of a machine have their number, and say whether they are tunnels', () => {
  write('sys/class/net/lan0/ifindex', '2\n');
  write('sys/class/net/lan0/type', '1\n');
  write('sys/class/net/wg0/ifindex', '3\n');
  write('sys/class/net/wg0/type', '65534\n');
  write('sys/class/net/tap0/ifindex', '4\n');
  write('sys/class/net/tap0/type', '1\n');
  write('sys/class/net/tap0/tun_flags', '0x1002\n');
  write('sys/class/net/bonding_masters', '');
  write('proc/self/net/route', 'Iface\nlan0\t00000000\t0100480A\t0003\t0\t0\t0\t00000000\t0\t0\t0\n');
  const facts = linkFacts(directory).toSorted((one, other) => one.number - other.number);
  assert.deepEqual(facts, [
    { number: 2, name: 'lan0', isTunnel: false, hasDefaultRoute: true },
    { number: 3, name: 'wg0', isTunnel: true, hasDefaultRoute: false },
    { number: 4, name: 'tap0', isTunnel: true, hasDefaultRoute: false },
  ]);
  assert.deepEqual(linkFacts(join(directory, 'nothing')), []);
  assert.ok(linkFacts().some(({ name, number }) => name === 'lo' && number === 1));
});
