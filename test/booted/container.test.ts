import assert from 'node:assert/strict';
import { test } from 'node:test';
import { PROBE_ADDRESS, PROBE_LABEL } from '../../src/resolve/special/probe.ts';
import { connectLan } from './support/lan.ts';
import { bootMachine } from './support/machine.ts';
import { putProgram } from './support/program.ts';
import { trixie } from './support/recipes.ts';

test('a network of its own, in the place of a container, asks pkarrd at the address of the bridge', async () => {
  await using machine = await bootMachine(trixie);
  await putProgram(machine);
  await connectLan(machine, { device: 'docker0', namespace: 'box', network: '172.17.0', address: true });
  await machine.sh('pkarrd install --listen 172.17.0.2:53');
  // ip-netns(8): what a program in the namespace finds as its /etc/resolv.conf.
  await machine.write('/etc/netns/box/resolv.conf', 'nameserver 172.17.0.2\n');
  for (const name of [PROBE_LABEL, `www.${PROBE_LABEL}`]) {
    const found = await machine.sh(`ip netns exec box getent ahosts ${name}`);
    assert.ok(found.startsWith(`${PROBE_ADDRESS} `), found);
  }
  // Over TCP too, and the machine itself as before.
  assert.equal(
    await machine.sh(`ip netns exec box dig +short +tcp @172.17.0.2 ${PROBE_LABEL}`),
    `${PROBE_ADDRESS}\n`,
  );
  assert.equal(await machine.sh(`dig +short @127.0.0.1 ${PROBE_LABEL}`), `${PROBE_ADDRESS}\n`);
  await machine.sh('pkarrd uninstall');
  assert.equal((await machine.run(['dig', '+tries=1', '+time=1', '@172.17.0.2', 'localhost'])).code, 9);
});
