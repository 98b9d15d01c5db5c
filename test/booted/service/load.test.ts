import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Counts } from '../support/load-child.ts';
import { bootMachine, type Machine } from '../support/machine.ts';
import { bookworm, trixie } from '../support/recipes.ts';
import { debianPackage, installPackage, load, PACKAGE, property } from '../support/service.ts';

/** On Node with systemd 257, and as one file with systemd 252. */
const cases = [
  { title: 'on Node, Debian 13', recipe: trixie, architecture: 'all' },
  { title: 'as one file, Debian 12', recipe: { ...bookworm, node: '/opt/node' }, architecture: 'amd64' },
] as const;

for (const { title, recipe, architecture } of cases) {
  test(`500 queries a second: a restart and an upgrade refuse and lose none, ${title}`, async (t) => {
    const [file, machine] = await Promise.all([debianPackage(architecture), bootMachine(recipe)]);
    await using _ = machine;
    await installPackage(machine, file);
    for (const workers of [1, 2]) {
      await t.test(workers === 1 ? 'one process' : `${workers} workers`, async () => {
        await machine.write('/etc/pkarrd/pkarrd.toml', `workers = ${workers}\n`);
        await machine.sh('systemctl restart pkarrd');
        const counts = await underLoad(machine, 10, async () => {
          await machine.sh('systemctl restart pkarrd');
          await machine.sh(`dpkg --install ${PACKAGE} 2>&1`);
        });
        for (const { sent, answered, refused, lost, wrong } of counts) {
          assert.deepEqual(
            { refused, lost, wrong, answered },
            { refused: 0, lost: 0, wrong: 0, answered: sent },
          );
        }
        // What was killed had read at most so many datagrams, and had at most the connections of that moment.
        const before = await property(machine, 'NRestarts');
        const [udp, tcp] = await underLoad(machine, 4, async () => {
          await machine.sh('systemctl kill --signal=KILL pkarrd');
        });
        assert.deepEqual([udp.refused, udp.wrong, tcp.lost], [0, 0, 0]);
        assert.ok(udp.lost <= 5, `${udp.lost} were lost`);
        assert.ok(
          tcp.refused + tcp.wrong <= 20,
          `${tcp.refused} and ${tcp.wrong} connections were reset or closed`,
        );
        assert.notEqual(await property(machine, 'NRestarts'), before);
      });
    }
  });
}

/** Does something a second after a load of UDP and TCP began, and requires that it is done before the load is. */
async function underLoad(
  machine: Machine,
  seconds: number,
  work: () => Promise<void>,
): Promise<[Counts, Counts]> {
  let isOver = false;
  const loads = Promise.all([
    load(machine, { kind: 'udp', rate: 500, seconds }),
    load(machine, { kind: 'tcp', rate: 200, seconds }),
  ]).finally(() => {
    isOver = true;
  });
  await new Promise((resolve) => setTimeout(resolve, 1_000));
  await work();
  assert.equal(isOver, false, 'the load was over before');
  return await loads;
}
