import assert from 'node:assert/strict';
import { test } from 'node:test';
import { bootMachine, type Machine } from '../support/machine.ts';
import { putProgram } from '../support/program.ts';
import { bookworm, trixie } from '../support/recipes.ts';
import { property } from '../support/service.ts';

/** Waits until a script of sh succeeds, for half a minute at most. */
async function until(machine: Machine, condition: string): Promise<void> {
  await machine.sh(`for i in $(seq 150); do if ${condition}; then exit 0; fi; sleep 0.2; done; exit 1`);
}

const configFile = '/etc/pkarrd/pkarrd.toml';

for (const recipe of [trixie, bookworm])
  test(`systemd shows how the service does, and a reload from its beginning to its end, ${recipe.suite}`, async () => {
    await using machine = await bootMachine(recipe);
    await putProgram(machine);
    await machine.write(configFile, 'upstream = ["192.0.2.1", "192.0.2.2"]\ndht = "off"\n');
    await machine.sh('pkarrd install');
    const status = () => property(machine, 'StatusText');
    await until(machine, 'systemctl show -P StatusText pkarrd | grep -q upstreams');
    assert.match(
      await status(),
      /^Answering on 127\.0\.0\.1:53 and \[::1\]:53; 2 upstreams; the DHT is not started\.$/,
    );
    // Nothing stays behind of what told it.
    assert.equal(await property(machine, 'SubState'), 'running');

    await machine.write(configFile, 'upstream = ["192.0.2.1"]\ndht = "off"\n');
    await machine.sh('systemctl reload pkarrd');
    await until(machine, "systemctl show -P StatusText pkarrd | grep -q '; 1 upstream;'");
    await machine.write(configFile, 'upstream = ["nonsense?"]\n');
    assert.notEqual((await machine.run(['systemctl', 'reload', 'pkarrd'])).code, 0);
    // With systemd 252, Node tells it by a child process, which takes a moment.
    await until(machine, 'systemctl show -P StatusText pkarrd | grep -q invalid');
    assert.match(
      await status(),
      /^The configuration on disk is invalid, and the one before stays in force\. Answering on /,
    );
    assert.equal(await property(machine, 'ActiveState'), 'active');

    // Lines of the runtime itself have no priority of ours.
    const lines = (await machine.journal('pkarrd', 'cat')).split('\n');
    assert.deepEqual(
      lines.filter((line) => /\(node:|Warning:|^ +at /.test(line)),
      [],
    );
    assert.match(
      await machine.sh('journalctl --unit=pkarrd --priority=err --output=cat --no-pager'),
      /The configuration cannot be used, so the one before stays in force\. where=\S+ problem=/,
    );
  });

test('entries of the journal are found by their fields, systemd 257', async () => {
  await using machine = await bootMachine(trixie);
  await putProgram(machine);
  await machine.sh('pkarrd install');
  const found = await machine.sh(
    'journalctl --unit=pkarrd PKARRD_LISTEN=127.0.0.1:53,[::1]:53 --output=cat --no-pager',
  );
  assert.equal(found, 'Ready. listen=127.0.0.1:53,[::1]:53\n');
});

test('a socket that no setting names is used and told, and one that is missing is told with the command', async () => {
  await using machine = await bootMachine(trixie);
  await putProgram(machine);
  await machine.sh('ip address add 10.77.0.2/24 dev lo; ip address add 10.77.0.3/24 dev lo');
  await machine.write(configFile, 'listen = ["127.0.0.1", "::1", "10.77.0.3"]\n');
  await machine.sh('pkarrd install --listen 10.77.0.2');
  for (const [server, answer] of [
    ['127.0.0.1', '127.0.0.1\n'],
    ['10.77.0.2', '127.0.0.1\n'],
  ] as const) {
    assert.equal(await machine.sh(`dig +short +tries=1 @${server} localhost`), answer);
    assert.equal(await machine.sh(`dig +short +tries=1 +tcp @${server} localhost`), answer);
  }
  const log = await machine.journal('pkarrd', 'cat');
  assert.match(
    log,
    /Listening on a socket that the service manager handed over and no setting names\. address=10\.77\.0\.2:53/,
  );
  const [, command = ''] =
    /Cannot listen on an address: .* address=10\.77\.0\.3:53 .* run="([^"]+)"/.exec(log) ?? [];
  await machine.sh(command);
  assert.equal(await machine.sh('dig +short +tries=1 @10.77.0.3 localhost'), '127.0.0.1\n');
});
