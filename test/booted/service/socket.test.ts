import assert from 'node:assert/strict';
import { test } from 'node:test';
import { bootMachine, type Machine } from '../support/machine.ts';
import { putProgram } from '../support/program.ts';
import { bookworm, trixie } from '../support/recipes.ts';
import { answersAll, debianPackage, installPackage, PACKAGE, underLoad } from '../support/service.ts';

/** `ReceiveBuffer=` of another version, and of this one. The kernel counts twice as much (socket(7)). */
const OTHER = '1M';
const OURS = '4M';

/** The receive buffers of the open sockets, in megabytes as in the unit. */
async function openBuffers(machine: Machine): Promise<readonly string[]> {
  const shown = await machine.sh("ss --listening --udp --numeric --memory 'sport = :53'");
  return [
    ...new Set([...shown.matchAll(/\brb(\d+)/g)].map(([, octets]) => `${Number(octets) / (2 << 20)}M`)),
  ];
}

/** Upgrades under load: no query is lost, the sockets are those of before, and what is told opens them as the new unit says. */
async function upgrades(machine: Machine, upgrade: string, buffer: string): Promise<void> {
  const before = await openBuffers(machine);
  let said = '';
  const counts = await underLoad(machine, 8, async () => {
    said = await machine.sh(`${upgrade} 2>&1`);
  });
  answersAll(counts);
  assert.deepEqual(await openBuffers(machine), before);
  const [, command] =
    /^pkarrd\.socket has changed\.[^:]*: (systemctl restart pkarrd\.socket)$/m.exec(said) ?? [];
  assert.ok(command !== undefined, said);
  assert.doesNotMatch(await machine.sh(`${upgrade} 2>&1`), /pkarrd\.socket has changed/);
  await machine.sh(command);
  assert.deepEqual(await openBuffers(machine), [buffer]);
  assert.equal(
    await machine.sh('dig +short @127.0.0.1 localhost; dig +short +tcp @::1 localhost'),
    '127.0.0.1\n127.0.0.1\n',
  );
}

for (const recipe of [trixie, bookworm]) {
  test(`an upgrade by install that changes the socket unit loses no query, and tells what makes it take effect, ${recipe.suite}`, async () => {
    await using machine = await bootMachine(recipe);
    await putProgram(machine);
    await machine.sh('pkarrd install');
    await machine.sh(`
      sed -i s/ReceiveBuffer=${OURS}/ReceiveBuffer=${OTHER}/ /etc/systemd/system/pkarrd.socket
      systemctl daemon-reload
      systemctl restart pkarrd.socket`);
    assert.deepEqual(await openBuffers(machine), [OTHER]);
    await upgrades(machine, 'pkarrd install', OURS);
  });
}

test('an upgrade of the package that changes the socket unit does the same', async () => {
  const file = await debianPackage('all');
  await using machine = await bootMachine(trixie);
  await installPackage(machine, file);
  await machine.sh(`
    dpkg-deb --raw-extract ${PACKAGE} /opt/other
    sed -i s/ReceiveBuffer=${OURS}/ReceiveBuffer=${OTHER}/ /opt/other/usr/lib/systemd/system/pkarrd.socket
    dpkg-deb --build -Znone /opt/other /opt/other.deb`);
  await upgrades(machine, 'dpkg --install /opt/other.deb', OTHER);
});
