import assert from 'node:assert/strict';
import { test } from 'node:test';
import { bootMachine } from './support/machine.ts';
import { managers, trixie, withPackages } from './support/recipes.ts';

const proofs: Readonly<Record<keyof typeof managers, string>> = {
  resolved: 'systemctl is-active systemd-resolved && resolvectl status',
  networkManagerAndResolved: 'systemctl is-active systemd-resolved NetworkManager && nmcli general status',
  networkManager: 'systemctl is-active NetworkManager && nmcli general status',
  resolvconf: 'resolvconf --updates-are-enabled && ls -d /run/resolvconf/interface',
  openresolv: 'resolvconf --version | grep openresolv',
};

for (const [name, script] of Object.entries(proofs)) {
  test(`a machine with ${name} has it running`, async () => {
    await using machine = await bootMachine(withPackages(trixie, ...managers[name as keyof typeof managers]));
    assert.notEqual(await machine.sh(script), '');
    assert.equal(await machine.sh('systemctl --failed --plain --no-legend'), '');
  });
}
