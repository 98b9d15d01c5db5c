import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { busctlWords, parseConfiguration } from '../../src/system/links/network-manager.ts';
import { routerPackage } from './integrate/lab.ts';
import { connectLan } from './support/lan.ts';
import { bootMachine, type Machine } from './support/machine.ts';
import { putProgram } from './support/program.ts';
import { managers, trixie, withPackages } from './support/recipes.ts';

/** A provider and a company behind a VPN; each answers every name with an address of its own. */
const provider = { device: 'lan0', namespace: 'isp', network: '10.77.0', answer: '198.51.100.1' };
const company = { device: 'vpn0', namespace: 'vpn', network: '10.88.0', answer: '198.51.100.2' };

/** The root that the lab of integrate has too: each more takes half a minute. */
const recipe = withPackages(trixie, ...managers.networkManagerAndResolved, routerPackage);

async function bootWithVpn(): Promise<Machine> {
  const machine = await bootMachine(recipe);
  // What it does with links is not looked at here.
  await machine.sh('systemctl stop NetworkManager');
  await putProgram(machine);
  for (const { answer, ...lan } of [provider, company]) {
    await connectLan(machine, { ...lan, address: lan === provider || lan.device === provider.device });
    const words = [
      '--no-resolv',
      '--no-hosts',
      '--bind-interfaces',
      `--listen-address=${lan.network}.1`,
      `--address=/#/${answer}`,
    ];
    machine.start([
      'ip',
      'netns',
      'exec',
      lan.namespace,
      'dnsmasq',
      '--keep-in-foreground',
      '--pid-file',
      ...words,
    ]);
  }
  await machine.sh('ip address add 10.88.0.2/24 dev vpn0');
  return machine;
}

/** Starts pkarrd as a process that goes on, with a DHT that nobody answers in. */
async function startProgram(machine: Machine): Promise<void> {
  const words = ['--listen', '127.0.0.1:53', '--bootstrap', '127.0.0.1:9', '--state-dir', '/var/lib/pkarrd'];
  machine.start(['pkarrd', 'serve', ...words]);
  await machine.sh(
    'for i in $(seq 100); do dig +tries=1 +time=1 @127.0.0.1 localhost >/dev/null && exit 0; sleep 0.1; done; exit 1',
  );
}

/** The address of a name by pkarrd. */
async function ask(machine: Machine, name: string): Promise<string> {
  return (await machine.sh(`dig +short +tries=1 +time=4 @127.0.0.1 ${name} A`)).trim();
}

/** Asks until the answer is `expected`. @returns milliseconds that it took. */
async function untilAnswer(machine: Machine, name: string, expected: string): Promise<number> {
  const startedAt = performance.now();
  for (;;) {
    const answer = await ask(machine, name);
    const waited = performance.now() - startedAt;
    if (answer === expected) return waited;
    assert.ok(waited < 10_000, `${name} is ${answer} after 10 s`);
    await sleep(50);
  }
}

describe('the domains of a VPN that systemd-resolved knows', () => {
  let machine: Machine;
  before(async () => {
    machine = await bootWithVpn();
    await machine.sh('resolvectl dns lan0 10.77.0.1; ip link set vpn0 up; mkdir -p /etc/pkarrd');
    await startProgram(machine);
  });
  after(() => machine[Symbol.asyncDispose]());

  test('are asked of its resolvers while it is up, and of nobody else', async () => {
    assert.equal((await untilAnswer(machine, 'a.corp.example', provider.answer)) < 10_000, true);
    await machine.sh('resolvectl dns vpn0 10.88.0.1; resolvectl domain vpn0 "~corp.example"');
    const taken = await untilAnswer(machine, 'a.corp.example', company.answer);
    assert.equal(await ask(machine, 'www.example'), provider.answer);
    assert.match(await machine.sh('pkarrd status'), /^route +corp\.example\. 10\.88\.0\.1 \(link vpn0\)$/m);
    await machine.sh('ip link set vpn0 down; resolvectl revert vpn0');
    const given = await untilAnswer(machine, 'a.corp.example', provider.answer);
    assert.doesNotMatch(await machine.sh('pkarrd status'), /^route/m);
    // The program looks every half second; the rest is what nsenter and dig take on a busy host.
    console.error(
      `# a route was there after ${Math.round(taken)} ms, and gone after ${Math.round(given)} ms`,
    );
    assert.ok(Math.max(taken, given) < 5_000);
  });

  test('are not those that the link to the Internet names', async () => {
    await machine.sh('resolvectl domain lan0 "~com" "~corp.example"');
    await sleep(1_500);
    assert.doesNotMatch(await machine.sh('pkarrd status'), /^route/m);
    await machine.sh('resolvectl domain lan0 ""');
  });

  test('are all names when the VPN wants them all', async () => {
    await machine.sh(
      'ip link set vpn0 up; ip address replace 10.88.0.2/24 dev vpn0; resolvectl dns vpn0 10.88.0.1; resolvectl domain vpn0 "~."',
    );
    await untilAnswer(machine, 'www.example', company.answer);
    await machine.sh('resolvectl revert vpn0');
    await untilAnswer(machine, 'www.example', provider.answer);
  });
});

test('NetworkManager tells every user about its links, and one that is no VPN does not count', async () => {
  await using machine = await bootMachine(recipe);
  await connectLan(machine, { ...provider, address: false });
  await machine.sh(`
    nmcli connection add type ethernet ifname lan0 con-name lan ipv4.method manual ipv4.addresses 10.77.0.2/24 \\
      ipv4.dns 10.77.0.1 ipv4.dns-search corp.example
    nmcli device set lan0 managed yes
    nmcli connection up lan`);
  const question = ['setpriv', '--reuid=65534', '--clear-groups', 'busctl', ...busctlWords];
  const { code, out, err } = await machine.run(question);
  assert.deepEqual([code, err], [0, '']);
  assert.match(out, /"10\.77\.0\.1"/);
  assert.deepEqual(parseConfiguration(out), []);
  // The same as a VPN.
  const asVpn = out.replace('"vpn":{"type":"b","data":false}', '"vpn":{"type":"b","data":true}');
  assert.deepEqual(
    parseConfiguration(asVpn)?.map(({ link, servers, domains }) => [link, servers, domains]),
    [['lan0', [{ address: '10.77.0.1', port: 53 }], ['corp.example']]],
  );
});
