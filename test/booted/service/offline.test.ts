import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { bootMachine, type Machine } from '../support/machine.ts';
import { putProgram } from '../support/program.ts';
import { bookworm, trixie } from '../support/recipes.ts';
import { property } from '../support/service.ts';
import { startTestnet } from '../support/testnet.ts';

/** Of Debian's package faketime. */
const LIBFAKETIME = '/usr/lib/x86_64-linux-gnu/faketime/libfaketime.so.1';

for (const [recipe, systemd] of [
  [bookworm, 252],
  [trixie, 257],
] as const) {
  describe(`without a network, systemd ${systemd}`, () => {
    let machine: Machine;
    let key: string;

    before(async () => {
      machine = await bootMachine(recipe);
      await putProgram(machine);
      const testnet = await startTestnet(machine);
      await machine.sh('pkarrd install');
      key = (await machine.sh('pkarrd keygen --out /root/my.key')).trim().split('\n').at(-1) ?? '';
      await machine.write('/root/my.zone', 'www 300 A 192.0.2.1\n');
      await machine.sh('cd /root && pkarrd publish my.zone --key my.key');
      await machine.sh(`dig +short @127.0.0.1 www.${key} | grep -x 192.0.2.1`);
      await testnet.stop();
      await machine.sh(
        'systemctl stop pkarrd.socket pkarrd.service; rm /etc/pkarrd/pkarrd.toml; rm -f /etc/resolv.conf',
      );
    });

    after(async () => {
      await machine[Symbol.asyncDispose]();
    });

    /** `localhost`, and a key whose packet is in the store. */
    async function answersAtOnce(): Promise<void> {
      const ask = 'dig +short +tries=1 +timeout=10 @127.0.0.1';
      assert.equal(await machine.sh(`${ask} localhost`), '127.0.0.1\n');
      assert.equal(await machine.sh(`${ask} www.${key}`), '192.0.2.1\n');
    }

    test('a start returns when it answers, and what it does is a sentence', async () => {
      await machine.sh('systemctl start pkarrd.socket pkarrd.service');
      assert.equal(await property(machine, 'ActiveState'), 'active');
      await answersAtOnce();
      assert.match(
        await property(machine, 'StatusText'),
        /^Answering on 127\.0\.0\.1:53 and \[::1\]:53; .*\.$/,
      );
    });

    test('the first query starts it', async () => {
      await machine.sh('systemctl stop pkarrd.service 2>&1');
      assert.equal(await property(machine, 'ActiveState'), 'inactive');
      await answersAtOnce();
      assert.equal(await property(machine, 'ActiveState'), 'active');
    });

    test('in 1970 too', async () => {
      await machine.write(
        '/run/systemd/system/pkarrd.service.d/1970.conf',
        `[Service]\nEnvironment=LD_PRELOAD=${LIBFAKETIME} "FAKETIME=@1970-01-01 00:00:10" FAKETIME_DONT_FAKE_MONOTONIC=1\n`,
      );
      await machine.sh('systemctl daemon-reload; systemctl restart pkarrd');
      await answersAtOnce();
      // Whatever is started with its environment lives in that year.
      const year = await machine.sh(
        'xargs -0 -a /proc/$(systemctl show --property=MainPID --value pkarrd)/environ sh -c \'exec env -i "$@" node -p "new Date().getFullYear()"\' sh',
      );
      assert.equal(year, '1970\n');
      await machine.sh(
        'rm -r /run/systemd/system/pkarrd.service.d; systemctl daemon-reload; systemctl restart pkarrd',
      );
    });

    test('after a minute the journal has no warning of the runtime', async () => {
      await sleep(60_000);
      const journal = await machine.journal('pkarrd', 'cat');
      assert.doesNotMatch(journal, /\(node:\d+\)|Warning:|^\s+at .*:\d+/m);
      assert.equal(await property(machine, 'NRestarts'), '0');
    });
  });
}
