import assert from 'node:assert/strict';
import { test } from 'node:test';
import { connectLan } from '../support/lan.ts';
import { bootMachine } from '../support/machine.ts';
import { putProgram } from '../support/program.ts';
import { trixie } from '../support/recipes.ts';
import { everyPath } from '../support/service.ts';

test('install makes a service of the program, a second run changes nothing, and uninstall takes it away', async () => {
  await using machine = await bootMachine(trixie);
  await putProgram(machine);
  const before = await everyPath(machine);
  const first = await machine.sh('pkarrd install');
  assert.match(first, /^written +\/etc\/systemd\/system\/pkarrd\.socket$/m);
  assert.match(first, /^pkarrd answers on 127\.0\.0\.1, port 53\./m);
  assert.equal(await machine.sh('dig +short @::1 localhost'), '127.0.0.1\n');
  assert.match(await machine.sh('pkarrd status'), /^pkarrd +0\.\d+\.\d+, process \d+, up /m);
  const second = JSON.parse(await machine.sh('pkarrd install --json')) as { steps: { action: string }[] };
  assert.deepEqual([...new Set(second.steps.map(({ action }) => action))], ['unchanged', 'ran']);

  const removed = await machine.sh('pkarrd uninstall');
  assert.match(removed, /To remove them too: rm -rf \/etc\/pkarrd /);
  await machine.sh(removed.replace(/^[\s\S]*: rm -rf/, 'rm -rf'));
  assert.deepEqual(await everyPath(machine), before);
  assert.notEqual((await machine.run(['dig', '+tries=1', '+timeout=1', '@127.0.0.1', 'localhost'])).code, 0);
  assert.match(await machine.sh('pkarrd uninstall'), /was not installed/);
});

test('a program that a service could not see is refused, and nothing is written', async () => {
  await using machine = await bootMachine(trixie);
  await putProgram(machine);
  await machine.sh(
    'cp -r /usr/lib/pkarrd /root/pkarrd; cp -r /usr/lib/pkarrd /opt/pkarrd; chmod 700 /opt/pkarrd',
  );
  const before = await everyPath(machine);
  for (const [path, reason] of [
    ['/root/pkarrd', /does not see what is below \/root/],
    ['/opt/pkarrd', /may not enter \/opt\/pkarrd/],
  ] as const) {
    const { code, err } = await machine.run([`${path}/main.js`, 'install']);
    assert.equal(code, 1);
    assert.match(err, reason);
  }
  assert.deepEqual(await everyPath(machine), before);
});

test('an address of --listen is answered at when it comes later, and another program on port 53 is named', async () => {
  await using machine = await bootMachine(trixie);
  await putProgram(machine);
  const holder =
    'require("node:dgram").createSocket("udp4").bind(53, "127.0.0.1", () => console.log("bound"))';
  const other = machine.start(['node', '--eval', holder]);
  await new Promise((resolve) => other.stdout?.once('data', resolve));
  const { code, err } = await machine.run(['pkarrd', 'install']);
  assert.equal(code, 1);
  assert.match(err, /Another program has port 53\. Which one shows: ss /);
  await machine.sh('pkill --exact --full "node --eval .*"');

  await machine.sh("pkarrd install --listen 10.77.0.2:53 --listen '[fd77::2]:53'");
  await connectLan(machine, { device: 'lan0', namespace: 'isp', network: '10.77.0', address: true });
  await machine.sh(
    'ip address add fd77::2/64 dev lan0 nodad; ip -n isp address add fd77::1/64 dev eth0 nodad',
  );
  for (const server of ['10.77.0.2', 'fd77::2']) {
    // Who may ask follows the addresses of the machine, which are looked at every second.
    const ask = `ip netns exec isp dig +short @${server} localhost | grep -x 127.0.0.1`;
    await machine.sh(`for i in $(seq 100); do ! ${ask} || exit 0; sleep 0.1; done; exit 1`);
  }
});
