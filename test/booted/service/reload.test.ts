import assert from 'node:assert/strict';
import { once } from 'node:events';
import { test } from 'node:test';
import { bootMachine, type Machine } from '../support/machine.ts';
import { putProgram } from '../support/program.ts';
import { bookworm, trixie } from '../support/recipes.ts';
import { load, property } from '../support/service.ts';

const CONFIG = '/etc/pkarrd/pkarrd.toml';
const NAME = 'accepted.example';

/** A configuration of which each answer shows that it is used. */
async function writeValid(machine: Machine, more = ''): Promise<void> {
  await machine.write('/etc/pkarrd/hosts', `192.0.2.9 ${NAME}\n`);
  await machine.write(CONFIG, `hosts = "/etc/pkarrd/hosts"\n${more}`);
}

/** Does something while it is asked 500 times a second for the name of the hosts file, and requires an answer to each. */
async function underLoad(machine: Machine, work: () => Promise<void>): Promise<void> {
  let isOver = false;
  const over = () => {
    isOver = true;
  };
  const working = work();
  working.then(over, over);
  while (!isOver) {
    const { sent, answered, refused, lost, wrong } = await load(machine, {
      ...{ kind: 'udp', rate: 500, seconds: 5 },
      name: NAME,
    });
    assert.deepEqual({ refused, lost, wrong, answered }, { refused: 0, lost: 0, wrong: 0, answered: sent });
  }
  await working;
}

for (const [recipe, systemd, starts] of [
  [bookworm, 252, 5],
  [trixie, 257, 20],
] as const) {
  test(`the service is reloaded, and starts with an invalid file, without a lost query, systemd ${systemd}`, async (t) => {
    await using machine = await bootMachine(recipe);
    await putProgram(machine);
    await writeValid(machine);
    await machine.sh('pkarrd install');

    await t.test(
      'systemctl reload uses what changed, and fails for an invalid file with file and line',
      async () => {
        await underLoad(machine, async () => {
          await writeValid(machine, 'client-rate = 77\n');
          await machine.sh('systemctl reload pkarrd');
          assert.match(await machine.journal('pkarrd.service'), /The configuration was reloaded/);
          await writeValid(machine, 'client-rate = "many"\n');
          assert.notEqual((await machine.run(['systemctl', 'reload', 'pkarrd'])).code, 0);
          const { code, err } = await machine.run(['pkarrd', 'reload']);
          assert.equal(code, 1);
          assert.match(err, /^pkarrd: \/etc\/pkarrd\/pkarrd\.toml:2: "many" is not valid for client-rate/);
          assert.equal((await machine.run(['pkarrd', 'status'])).code, 1);
          await writeValid(machine, 'client-rate = 77\n');
          assert.equal(await machine.sh('pkarrd reload'), 'Nothing changed.\n');
        });
      },
    );

    await t.test('starts with an invalid file answer with the last accepted one, and say so', async () => {
      await machine.write(CONFIG, 'hosts = [\n');
      await underLoad(machine, async () => {
        const ask = `dig +short +tries=1 +timeout=10 @127.0.0.1 ${NAME} | grep -qx 192.0.2.9`;
        const start = `systemctl restart pkarrd && ${ask} || exit 1`;
        await machine.sh(`for i in $(seq ${starts}); do ${start}; done`, { timeoutMs: 120_000 });
      });
      const { code, out } = await machine.run(['pkarrd', 'status']);
      assert.equal(code, 1);
      assert.match(out, /^config +the last accepted one, of 2.*\nINVALID +.*pkarrd\.toml:\d/m);
      if ((await property(machine, 'NotifyAccess')) !== 'none')
        assert.match(await property(machine, 'StatusText'), /invalid, and the last accepted one is used/);
      const errors = await machine.sh('journalctl --unit=pkarrd --priority=err --output=cat');
      assert.match(errors, /The configuration is invalid\. Using the last accepted configuration/);
      await writeValid(machine);
      assert.match(await machine.sh('pkarrd reload'), /^client-rate: 77 → 200$/m);
      assert.match(await machine.sh('pkarrd status'), /^config +\/etc\/pkarrd\/pkarrd\.toml$/m);
    });

    await t.test('every user may ask for status and names, and only root for more', async () => {
      const asNobody = (...words: string[]) =>
        machine.run(['runuser', '-u', 'nobody', '--', 'pkarrd', ...words]);
      assert.equal(
        await machine.sh('stat --format=%a /run/pkarrd/status.sock /run/pkarrd/control.sock'),
        '666\n600\n',
      );
      assert.match((await asNobody('status')).out, /^pkarrd +0\.\d+\.\d+, process \d+, up /m);
      assert.match((await asNobody('query', NAME)).out, /IN A 192\.0\.2\.9/);
      const { code, err } = await asNobody('flush');
      assert.equal(code, 3);
      assert.match(err, /Not allowed to use \/run\/pkarrd\/control\.sock/);
      // A crowd at the socket of everybody keeps nobody from the other one.
      const crowd = machine.start(['runuser', '-u', 'nobody', '--', 'node', '--eval', CROWD]);
      await new Promise((resolve) => crowd.stdout?.once('data', resolve));
      assert.match(await machine.sh('pkarrd flush'), /^Flushed /);
      // Among themselves users take turns, and one may have to try again.
      const again = Array.from({ length: 10 }, () => 'pkarrd query "$0" && exit 0; sleep 0.2').join('; ');
      const asked = await machine.run([
        'runuser',
        '-u',
        'nobody',
        '--',
        'sh',
        '-c',
        `${again}; exit 1`,
        NAME,
      ]);
      assert.match(asked.out, /IN A 192\.0\.2\.9/);
      await machine.sh('pkill --full [r]un/pkarrd/status.sock');
      await once(crowd, 'exit');
    });

    await t.test('a key that came after the start is named with the restart that it needs', async () => {
      await machine.sh('pkarrd keygen --out /etc/pkarrd/keys/late.key');
      await machine.write('/etc/pkarrd/late.zone', 'www 300 A 192.0.2.1\n');
      await writeValid(machine, '[[publish]]\nzone = "late.zone"\nkey = "keys/late.key"\n');
      const { code, err } = await machine.run(['pkarrd', 'reload']);
      assert.equal(code, 0);
      assert.match(err, /keys\/late\.key was not there when .* Run: systemctl restart pkarrd/);
    });
  });
}

/** Opens connections to the socket of everybody again and again, and asks nothing. */
const CROWD = `
const { connect } = require('node:net');
const open = () => connect('/run/pkarrd/status.sock').on('error', () => {}).on('close', () => setTimeout(open, 20));
for (let count = 0; count < 300; count++) open();
setTimeout(() => console.log('there'), 500);`;
