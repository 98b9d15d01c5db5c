import assert from 'node:assert/strict';
import { test } from 'node:test';
import { bootMachine, type Machine } from '../support/machine.ts';
import { putProgram } from '../support/program.ts';
import { bookworm, trixie } from '../support/recipes.ts';
import { startTestnet } from '../support/testnet.ts';

/** Asks until it is answered as expected, for at most half a minute. */
async function answers(machine: Machine, name: string, address: string): Promise<void> {
  const ask = `dig +short @127.0.0.1 ${name} | grep -x ${address}`;
  await machine.sh(`for i in $(seq 150); do ! ${ask} || exit 0; sleep 0.2; done; pkarrd status; exit 1`);
}

for (const [recipe, systemd] of [
  [bookworm, 252],
  [trixie, 257],
] as const) {
  test(`a key that only root can read is published by the service and by the timer, systemd ${systemd}`, async () => {
    await using machine = await bootMachine(recipe);
    await putProgram(machine);
    await startTestnet(machine);
    await machine.sh('pkarrd install');
    const keygen = async (name: string) =>
      (await machine.sh(`pkarrd keygen --out /etc/pkarrd/keys/${name}.key`)).trim().split('\n').at(-1) ?? '';
    const [home, timed] = [await keygen('home'), await keygen('publish')];
    await machine.write('/etc/pkarrd/home.zone', 'www 300 A 192.0.2.1\n');
    await machine.write('/etc/pkarrd/publish.zone', 'www 300 A 192.0.2.2\n');
    await machine.sh(
      `printf '[[publish]]\\nzone = "home.zone"\\nkey = "keys/home.key"\\n' >> /etc/pkarrd/pkarrd.toml`,
    );
    await machine.sh('systemctl restart pkarrd; systemctl start pkarrd-publish.service');
    await answers(machine, `www.${home}`, '192.0.2.1');
    await answers(machine, `www.${timed}`, '192.0.2.2');
    // In the journal there is no complaint of the key.
    assert.doesNotMatch(await machine.journal('pkarrd-publish.service'), /key file|warning/i);
  });
}
