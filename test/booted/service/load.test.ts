import assert from 'node:assert/strict';
import { test } from 'node:test';
import { bootMachine, type Machine } from '../support/machine.ts';
import { putProgram } from '../support/program.ts';
import { bookworm, trixie } from '../support/recipes.ts';
import {
  answersAll,
  debianPackage,
  installPackage,
  PACKAGE,
  property,
  underLoad,
} from '../support/service.ts';

/** On Node with systemd 257, and as one file with systemd 252. */
const cases = [
  { title: 'on Node, Debian 13', recipe: trixie, architecture: 'all' },
  { title: 'as one file, Debian 12', recipe: { ...bookworm, node: '/opt/node' }, architecture: 'amd64' },
] as const;

for (const { title, recipe, architecture } of cases) {
  test(`500 queries a second: a restart, a reload and an upgrade refuse and lose none, ${title}`, async (t) => {
    const file = await debianPackage(architecture);
    await using machine = await bootMachine(recipe);
    await installPackage(machine, file);
    for (const workers of [1, 2]) {
      await t.test(workers === 1 ? 'one process' : `${workers} workers`, async () => {
        await machine.write('/etc/pkarrd/pkarrd.toml', `workers = ${workers}\n`);
        await machine.sh('systemctl restart pkarrd');
        const counts = await underLoad(machine, 8, async () => {
          await machine.sh('systemctl restart pkarrd');
          await machine.write('/etc/pkarrd/pkarrd.toml', `workers = ${workers}\ncache-size = "20MB"\n`);
          await machine.sh('systemctl reload pkarrd');
          await machine.sh(`dpkg --install ${PACKAGE} 2>&1`);
        });
        answersAll(counts);
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
    await t.test('a process that is stopped is replaced within a second of its watchdog', async () => {
      await machine.write('/etc/pkarrd/pkarrd.toml', '');
      await isReplaced(machine);
    });
    await t.test('after a year of faults too it is there again within seconds', async () => {
      for (let faults = 0; faults < 6; faults++) {
        await machine.sh('systemctl kill --signal=KILL pkarrd');
        await machine.sh('dig +short +tries=1 +timeout=5 @127.0.0.1 localhost | grep -qx 127.0.0.1');
      }
    });
  });
}

test('a process on Node with systemd 252 that is stopped is replaced within a second of its watchdog', async () => {
  await using machine = await bootMachine(bookworm);
  await putProgram(machine);
  await machine.sh('pkarrd install');
  await isReplaced(machine);
});

/** How often it is tried: while others use this machine, a start may take its time. */
const TRIES = 3;

/** Stops all processes right after a start, when the watchdog is as far away as it can be, and requires an answer a second after it. */
async function isReplaced(machine: Machine): Promise<void> {
  const [, seconds] = /^WatchdogSec=(\d+)s$/m.exec(await machine.sh('systemctl cat pkarrd.service')) ?? [];
  const watchdog = Number(seconds) * 1_000;
  const took: number[] = [];
  while (took.length < TRIES && !took.some((ms) => ms <= watchdog + 1_000)) {
    await machine.sh('systemctl restart pkarrd');
    const stoppedAt = performance.now();
    await machine.sh('systemctl kill --signal=STOP pkarrd');
    assert.equal(await machine.sh('dig +short +tries=1 +timeout=30 @127.0.0.1 localhost'), '127.0.0.1\n');
    took.push(Math.round(performance.now() - stoppedAt));
  }
  assert.ok((took.at(-1) ?? Infinity) <= watchdog + 1_000, `${took} ms, and the watchdog has ${watchdog}`);
  assert.match(await machine.journal('pkarrd'), /Watchdog timeout/);
}
