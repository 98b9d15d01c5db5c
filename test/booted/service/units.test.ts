import assert from 'node:assert/strict';
import { test } from 'node:test';
import { bootMachine } from '../support/machine.ts';
import { putProgram } from '../support/program.ts';
import { bookworm, trixie } from '../support/recipes.ts';
import { exposure } from '../support/service.ts';

for (const [recipe, systemd] of [
  [bookworm, 252],
  [trixie, 257],
] as const) {
  test(`systemd ${systemd} finds nothing to say about the units, and the service has few rights`, async () => {
    await using machine = await bootMachine(recipe);
    await putProgram(machine);
    await machine.sh('pkarrd install');
    const units = 'pkarrd.service pkarrd.socket pkarrd-publish.service pkarrd-publish.timer';
    assert.equal(await machine.sh(`systemd-analyze verify ${units} 2>&1`), '');
    // As it runs. To Node, which cannot send to it itself, systemd 252 listens through other processes of the service.
    assert.ok((await exposure(machine, 'pkarrd.service')) <= (systemd < 253 ? 1.3 : 1.1));
    const file = '/usr/lib/systemd/system/pkarrd.service';
    // The unit as it is shipped, without drop-ins.
    await machine.sh(
      `cp /etc/systemd/system/pkarrd.service ${file} && rm -r /etc/systemd/system/pkarrd.service.d`,
    );
    assert.ok((await exposure(machine, `--offline=true ${file}`)) <= 1.1);
  });
}
