import assert from 'node:assert/strict';
import { test } from 'node:test';
import { openLab, PROVIDER_ADDRESS, surround, until } from './lab.ts';
import { rows } from './rows.ts';
import { assertSame, findsKeys, findsOrdinary, forgetHeard, heard, picture } from './story.ts';
import { whySkipped } from './tell-rows.ts';

/** A link that comes up at each start of the machine, with the provider's resolver, and who looks at that moment whom programs ask. */
const LINK_AT_START = `
  cat >> /etc/network/interfaces <<'END'
auto up0
iface up0 inet static
  pre-up ip link add up0 type veth peer name up1
  address 10.78.0.2/24
  dns-nameservers 10.77.0.1
  dns-search fritz.box
END
  cat > /etc/systemd/system/first-look.service <<'END'
[Unit]
DefaultDependencies=no
After=networking.service
[Service]
Type=oneshot
ExecStart=cp /etc/resolv.conf /run/first-look
[Install]
WantedBy=multi-user.target
END
  systemctl enable --quiet first-look.service`;

// What resolvconf is told is in /run, and gone after a restart.
for (const name of ["Debian's resolvconf", 'openresolv'] as const) {
  for (const suite of ['bookworm', 'trixie'] as const) {
    test(`${name}, ${suite}: after a restart of the machine keys go to pkarrd alone, from its first moment on`, {
      skip: whySkipped,
    }, async () => {
      const row = rows[name](suite);
      await using lab = await openLab(row.recipe, row);
      const { machine, key } = lab;
      await machine.sh(LINK_AT_START);
      const before = await picture(machine);
      await machine.sh('pkarrd integrate --yes');
      await findsKeys(lab, 1);

      await machine.reboot();
      assert.equal(await machine.sh('systemctl --failed --plain --no-legend'), '');
      for (const file of ['/run/first-look', '/etc/resolv.conf']) {
        const text = await machine.read(file);
        assert.match(text, /fritz\.box/);
        assert.deepEqual(text.match(/^nameserver .+/gm), ['nameserver 127.0.0.1'], file);
      }
      // It is in the store, and needs no network.
      assert.equal(await machine.sh(`dig +short www.${key}`), '8.8.4.4\n');

      await surround(machine);
      await machine.sh('pkarrd reload');
      await forgetHeard(machine);
      await machine.sh('ifup lan0');
      await findsKeys(lab, 4, 'after a restart of the machine');
      await findsOrdinary(machine, PROVIDER_ADDRESS);
      assert.doesNotMatch(await heard(lab), new RegExp(key, 'i'));
      const { code, out } = await machine.run(['pkarrd', 'doctor']);
      assert.equal(code, 0, out);

      await machine.sh('pkarrd integrate --undo');
      await until(machine, `getent ahosts undone.example.net | grep -q ^${PROVIDER_ADDRESS}`);
      assertSame(withoutToml(await picture(machine)), withoutToml(before), row.rewritten);
    });
  }
}

/** The DHT of the lab has another port after the restart, which the configuration names. */
function withoutToml(lines: readonly string[]): readonly string[] {
  return lines.filter((line) => !line.includes('./pkarrd/pkarrd.toml'));
}
