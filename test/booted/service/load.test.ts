import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Counts } from '../support/load-child.ts';
import { bootMachine, type Machine } from '../support/machine.ts';
import { putProgram } from '../support/program.ts';
import { bookworm, trixie } from '../support/recipes.ts';
import { debianPackage, installPackage, load, PACKAGE, property } from '../support/service.ts';

/** On Node with systemd 257, and as one file with systemd 252. */
const cases = [
  { title: 'on Node, Debian 13', recipe: trixie, architecture: 'all' },
  { title: 'as one file, Debian 12', recipe: { ...bookworm, node: '/opt/node' }, architecture: 'amd64' },
] as const;

for (const { title, recipe, architecture } of cases) {
  test(`500 queries a second: a restart, a reload and an upgrade refuse and lose none, ${title}`, async (t) => {
    const [file, machine] = await Promise.all([debianPackage(architecture), bootMachine(recipe)]);
    await using _ = machine;
    await installPackage(machine, file);
    for (const workers of [1, 2]) {
      await t.test(workers === 1 ? 'one process' : `${workers} workers`, async () => {
        await machine.write('/etc/pkarrd/pkarrd.toml', `workers = ${workers}\n`);
        await machine.sh('systemctl restart pkarrd');
        const counts = await underLoad(machine, 12, async () => {
          await machine.sh('systemctl restart pkarrd');
          await machine.write('/etc/pkarrd/pkarrd.toml', `workers = ${workers}\ncache-size = "20MB"\n`);
          await machine.sh('systemctl reload pkarrd');
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

/** A stopped process answers nothing, and is replaced when the watchdog was not fed for so long. */
const WATCHDOG_MS = 10_000;

for (const recipe of [trixie, bookworm]) {
  test(`a process that is stopped is replaced, and the queries that waited are answered, ${recipe.suite}`, async () => {
    await using machine = await bootMachine(recipe);
    await putProgram(machine);
    await machine.sh('pkarrd install');
    const restartedAt = performance.now();
    await machine.sh('systemctl restart pkarrd');
    // What a start takes here and now is no matter of the watchdog.
    const startMs = performance.now() - restartedAt;
    const stoppedAt = performance.now();
    await machine.sh('systemctl kill --signal=STOP pkarrd');
    assert.equal(await machine.sh('dig +short +tries=1 +timeout=30 @127.0.0.1 localhost'), '127.0.0.1\n');
    const waited = performance.now() - stoppedAt - startMs;
    assert.ok(waited < WATCHDOG_MS + 1_000, `${Math.round(waited)} ms`);
    assert.match(await machine.journal('pkarrd'), /Watchdog timeout/);
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
