import assert from 'node:assert/strict';
import { test } from 'node:test';
import { bootMachine, type Machine } from '../support/machine.ts';
import { bookworm, type Recipe, trixie } from '../support/recipes.ts';
import { debianPackage, everyPath, exposure, installPackage, PACKAGE, property } from '../support/service.ts';

/** On Debian 12 there is no Node that is new enough, and here none that the package could find. */
const cases: readonly {
  readonly title: string;
  readonly recipe: Recipe;
  readonly architecture: 'all' | 'amd64';
  /** A package that is taken off first. */
  readonly without?: string;
}[] = [
  { title: 'on Debian 13', recipe: trixie, architecture: 'all' },
  {
    title: 'on Debian 13 without libnss-systemd, where the user of the service has no name',
    recipe: trixie,
    architecture: 'all',
    without: 'libnss-systemd',
  },
  {
    title: 'as one file on Debian 12',
    recipe: { ...bookworm, node: '/opt/node' },
    architecture: 'amd64',
  },
];

for (const { title, recipe, architecture, without } of cases) {
  test(`the package is installed, active, upgraded and purged, and leaves nothing, ${title}`, async () => {
    const file = await debianPackage(architecture);
    await using machine = await bootMachine(recipe);
    if (without !== undefined) await machine.sh(`dpkg --purge ${without} 2>&1`);
    const before = await everyPath(machine);
    assert.doesNotMatch(await installPackage(machine, file), /warning|error|fail/i);
    await isServing(machine);
    assert.ok((await exposure(machine, 'pkarrd.service')) <= 1.1);
    assert.match(await property(machine, 'StatusText'), /^Answering on /);
    assert.equal(
      await machine.sh('stat --format="%U %a" /etc/pkarrd /etc/pkarrd/keys'),
      'root 755\nroot 700\n',
    );

    // An upgrade keeps what the administrator wrote and disabled.
    await machine.sh('echo "# mine" >> /etc/pkarrd/pkarrd.toml; echo kept > /etc/pkarrd/keys/mine.key');
    assert.doesNotMatch(await machine.sh(`dpkg --install ${PACKAGE} 2>&1`), /warning|error|fail/i);
    await isServing(machine);
    assert.match(await machine.read('/etc/pkarrd/pkarrd.toml'), /# mine/);
    await machine.sh('systemctl disable --now pkarrd.socket pkarrd.service 2>&1');
    await machine.sh(`dpkg --install ${PACKAGE} 2>&1`);
    assert.notEqual((await machine.run(['systemctl', 'is-enabled', 'pkarrd.service'])).code, 0);

    await machine.sh(`dpkg --purge ${architecture === 'all' ? 'pkarrd' : 'pkarrd-standalone'} 2>&1`);
    // What nobody could make again stays.
    await machine.sh('rm /etc/pkarrd/keys/mine.key && rmdir /etc/pkarrd/keys /etc/pkarrd');
    assert.deepEqual(await everyPath(machine), before);
    assert.equal(await machine.sh('systemctl list-units --all --no-legend --plain "pkarrd*"'), '');
  });
}

async function isServing(machine: Machine): Promise<void> {
  assert.equal(await machine.sh('systemctl is-active pkarrd.socket pkarrd.service'), 'active\nactive\n');
  assert.equal(await machine.sh('systemctl is-enabled pkarrd.socket pkarrd.service'), 'enabled\nenabled\n');
  for (const server of ['127.0.0.1', '::1']) {
    for (const way of ['+notcp', '+tcp']) {
      assert.equal(await machine.sh(`dig +short ${way} @${server} localhost`), '127.0.0.1\n');
    }
  }
  assert.match(await machine.sh('pkarrd status; pkarrd --version'), /^pkarrd \d/m);
}
