import assert from 'node:assert/strict';
import { setTimeout as sleep } from 'node:timers/promises';
import { connectLan } from '../support/lan.ts';
import { bootMachine, type Machine } from '../support/machine.ts';
import { putProgram } from '../support/program.ts';
import type { Recipe } from '../support/recipes.ts';

/** The address under the key; a public one, for routers empty answers with others. It is only in the machine's own network. */
export const KEY_ADDRESS = '8.8.4.4';
/** What the provider's resolver answers for every name that there is and is not. */
export const PROVIDER_ADDRESS = '198.51.100.1';
/** What somebody on the link answers by LLMNR. */
const LIAR_ADDRESS = '203.0.113.66';
/** What the provider's other resolver answers, which may replace the first. */
export const SECOND_ADDRESS = '198.51.100.2';

/** Debian's package for the router of the lab. */
export const routerPackage = 'dnsmasq-base';

/**
 * A machine behind a router that gives a search domain, whose resolver answers every name, with somebody on the link who answers
 * by LLMNR, and a DHT that takes a while and holds one key.
 */
export interface Lab extends AsyncDisposable {
  readonly machine: Machine;
  /** The key that is published. */
  readonly key: string;
}

/**
 * The router of the lab in its own namespace, by dnsmasq(8): DHCP with a search domain and with the resolver that the script is
 * called with, and two resolvers that know every name, at 10.77.0.1 and 10.77.0.3, with different answers.
 */
const ROUTER = `#!/bin/sh -eu
router() { ip netns exec isp dnsmasq --no-hosts --no-resolv --bind-interfaces --except-interface=lo --log-queries --user=root \\
  --conf-file=/dev/null "$@"; }
if [ -e /run/isp.pid ]; then
  kill $(cat /run/isp.pid)
  while ip netns exec isp ss -lnuH 'sport = :53' | grep -q 10.77.0.1:; do sleep 0.02; done
else
  ip -n isp address add 10.77.0.3/24 dev eth0
  router --listen-address=10.77.0.3 --address=/#/${SECOND_ADDRESS} --log-facility=/var/log/second.log --pid-file=
fi
router --listen-address=10.77.0.1 --address=/#/${PROVIDER_ADDRESS} --log-facility=/var/log/provider.log --pid-file=/run/isp.pid \\
  --dhcp-authoritative --dhcp-range=10.77.0.20,10.77.0.20,2m --dhcp-option=option:dns-server,$1 \\
  --dhcp-option=option:router,10.77.0.1 --domain=fritz.box --dhcp-option=option:domain-search,fritz.box \\
  --dhcp-leasefile=/run/isp.leases
`;

/** Answers every question of LLMNR (RFC 4795) that arrives on the link. */
const LIAR = `
import dgram from 'node:dgram';
import { appendFileSync } from 'node:fs';
const socket = dgram.createSocket({ type: 'udp4', reuseAddr: true });
socket.bind(5355, '0.0.0.0', () => socket.addMembership('224.0.0.252', '10.77.0.1'));
socket.on('message', (bytes, from) => {
  if (bytes.length < 18 || bytes[2] & 0x80) return;
  const end = 12 + bytes[12] + 6;
  const type = bytes.readUInt16BE(end - 4);
  appendFileSync('/var/log/liar.log', bytes.toString('latin1', 13, 13 + bytes[12]) + ' ' + type + '\\n');
  const answer = type === 1 ? Buffer.from([0xc0, 12, 0, 1, 0, 1, 0, 0, 0, 30, 0, 4, ${LIAR_ADDRESS.split('.').join(', ')}]) : Buffer.alloc(0);
  const head = Buffer.from([bytes[0], bytes[1], 0x80, 0, 0, 1, 0, type === 1 ? 1 : 0, 0, 0, 0, 0]);
  socket.send(Buffer.concat([head, bytes.subarray(12, end), answer]), from.port, from.address);
});
`;

/** Waits until pkarrd answers. */
export const ANSWERS =
  'until dig @127.0.0.1 +short +time=1 +tries=1 localhost A | grep -qx 127.0.0.1; do sleep 0.1; done';

/** What runs pkarrd in the lab: the service, as everybody has it. */
const SERVICE = `
  pkarrd install > /dev/null
  ${ANSWERS}`;

/** How a machine of the lab gets its network, as scripts of sh. */
export interface LabScripts {
  /** Runs before there is a link. */
  readonly prepare?: string;
  /** Makes the manager of the machine look after the link `lan0`, which has no address yet. */
  readonly configure: string;
}

/** Boots a machine of the lab. */
export async function openLab(recipe: Recipe, { prepare = '', configure }: LabScripts): Promise<Lab> {
  const machine = await bootMachine(recipe);
  try {
    await putProgram(machine);
    await machine.write('/opt/liar.mjs', LIAR);
    // As the installer of Debian writes it.
    await machine.write(
      '/etc/hosts',
      '127.0.0.1\tlocalhost\n127.0.1.1\tbooted\n::1\tlocalhost ip6-localhost\n',
    );
    await machine.sh(prepare);
    await machine.write('/opt/router', ROUTER, '0755');
    await machine.sh('pkarrd keygen --out /root/my.key > /root/key');
    await machine.write('/root/my.zone', `$TTL 300\n@ A ${KEY_ADDRESS}\nwww A ${KEY_ADDRESS}\n`);
    await surround(machine);
    await machine.sh(configure);
    await until(machine, 'ip -4 -brief address show dev lan0 | grep -q 10.77.0.20');
    await machine.sh(SERVICE);
    const key = (await machine.read('/root/key')).trim();
    const lab: Lab = {
      machine,
      key,
      [Symbol.asyncDispose]: () => machine[Symbol.asyncDispose](),
    };
    return lab;
  } catch (error) {
    await machine[Symbol.asyncDispose]();
    throw error;
  }
}

/** What is around a machine of the lab: the router, the one who lies, and the DHT. A restart of the machine takes it away. */
export async function surround(machine: Machine): Promise<void> {
  await connectLan(machine, { device: 'lan0', namespace: 'isp', network: '10.77.0', address: false });
  await machine.sh(
    '/opt/router 10.77.0.1; systemd-run --quiet --unit=liar ip netns exec isp node /opt/liar.mjs',
  );
  // The DHT takes longer than anybody who lies.
  await machine.sh(`
    mkdir -p /etc/pkarrd
    systemd-run --quiet --unit=testnet --property=StandardOutput=file:/run/testnet.out pkarrd testnet --delay 40
    until grep -q : /run/testnet.out; do sleep 0.1; done
    printf 'bootstrap = ["%s"]\\nrelay-use = "off"\\n' "$(head -n 1 /run/testnet.out)" > /etc/pkarrd/pkarrd.toml
    pkarrd publish /root/my.zone --key /root/my.key --state-dir /root/state`);
}

/** Waits until a script of sh succeeds, for so many milliseconds at most. */
export async function until(machine: Machine, script: string, most = 30_000): Promise<void> {
  for (const startedAt = performance.now(); ; await sleep(50)) {
    if ((await machine.run(['sh', '-c', script])).code === 0) return;
    assert.ok(performance.now() - startedAt < most, `not so after ${most} ms: ${script}`);
  }
}

/** The addresses of a name as programs of the machine find them. */
export async function addresses(machine: Machine, name: string): Promise<string> {
  const { out } = await machine.run(['getent', 'ahosts', name]);
  return [...new Set(out.split('\n').flatMap((line) => line.split(/\s+/)[0] || []))].join(' ');
}
