import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { connectLan } from './support/lan.ts';
import { bootMachine } from './support/machine.ts';
import { putProgram } from './support/program.ts';
import { bookworm, trixie } from './support/recipes.ts';
import { cgroupTree } from './support/whether.ts';

for (const [recipe, systemd, debian] of [
  [trixie, '257', '13'],
  [bookworm, '252', '12'],
] as const) {
  test(`Debian ${debian} boots, and nothing of it is left afterwards`, async () => {
    const machine = await bootMachine(recipe);
    const { leader } = machine;
    const group = groupOf(leader);
    try {
      assert.match(await machine.sh('systemctl --version'), new RegExp(`^systemd ${systemd} `));
      assert.match(await machine.sh('cat /etc/debian_version'), new RegExp(`^${debian}\\.`));
      assert.equal(await machine.sh('systemctl --failed --plain --no-legend'), '');
      assert.match(await machine.sh('node --version'), /^v20\.19\./);
      assert.deepEqual(await machine.run(['sh', '-c', 'echo out; echo err >&2; exit 3']), {
        code: 3,
        out: 'out\n',
        err: 'err\n',
      });
      assert.match((await machine.run(['sleep', '60'], { timeoutMs: 100 })).err, /did not end within 0\.1 s/);
      // It is dead; process 1 may not have noticed yet.
      await machine.sh('for i in $(seq 100); do pgrep -xf "sleep 60" || exit 0; sleep 0.1; done; exit 1');
      await putProgram(machine);
      assert.match(await machine.sh('pkarrd --version'), /^pkarrd \d+\.\d+\.\d+\n$/);
      await connectLan(machine, { device: 'lan0', namespace: 'isp', network: '10.77.0', address: true });
      await machine.sh('ip netns exec isp sh -c "ip -4 route get 10.77.0.2"');
      // A link that leads to a file of the host, were it followed there.
      await machine.sh('ln -s /etc/hostname /etc/link');
      await machine.write('/etc/link', 'written\n');
      assert.equal(await machine.read('/etc/hostname'), 'written\n');
      await machine.reboot();
      assert.equal(await machine.read('/etc/hostname'), 'written\n');
    } finally {
      await machine[Symbol.asyncDispose]();
    }
    assert.ok(isGone(leader, group));
  });
}

test('a machine ends with the process that booted it, when that is killed too', async () => {
  const modules = ['machine', 'recipes'].map((name) => import.meta.resolve(`./support/${name}.js`));
  const script = `
    const [{ bootMachine }, { trixie }] = await Promise.all(${JSON.stringify(modules)}.map((name) => import(name)));
    console.log((await bootMachine(trixie)).leader);`;
  const child = spawn(process.execPath, ['--input-type=module', '--eval', script], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const [leader] = await once(createInterface({ input: child.stdout }), 'line');
  const group = groupOf(leader);
  assert.ok(!isGone(leader, group));
  child.kill('SIGKILL');
  for (const startedAt = performance.now(); !isGone(leader, group); await sleep(50)) {
    assert.ok(performance.now() - startedAt < 10_000, 'it still runs after 10 s');
  }
});

/** The cgroup of a machine on this host. */
function groupOf(leader: number): string {
  const [, name = ''] = /^0::\/([^/]+)/m.exec(readFileSync(`/proc/${leader}/cgroup`, 'latin1')) ?? [];
  assert.match(name, /^pkarrd-booted-/);
  return join(cgroupTree, name);
}

/** Whether nothing of a machine is left. */
function isGone(leader: number, group: string): boolean {
  return !existsSync(`/proc/${leader}`) && !existsSync(group);
}
