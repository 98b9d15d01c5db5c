import assert from 'node:assert/strict';
import { test } from 'node:test';
import { addresses, openLab, PROVIDER_ADDRESS, until } from './lab.ts';
import { rows } from './rows.ts';
import { assertSame, picture, tellRow } from './story.ts';

// The two that most machines have, one on each Debian; the others, and these on the other Debian, are in rows.test.ts.
test('NetworkManager and systemd-resolved, Debian 13: keys go to pkarrd alone, and an undo leaves /etc as it was', async () => {
  await tellRow(rows['NetworkManager and systemd-resolved']('trixie'));
});

test('systemd-networkd and systemd-resolved, Debian 12: keys go to pkarrd alone, and an undo leaves /etc as it was', async () => {
  await tellRow(rows['systemd-networkd and systemd-resolved']('bookworm'));
});

test('a failed check takes everything back, and a mounted resolv.conf is written in place', async () => {
  const row = rows['systemd-networkd and systemd-resolved']('bookworm');
  await using lab = await openLab(row.recipe, row);
  const { machine } = lab;
  const before = await picture(machine);
  // The provider knows the name, as it knows every name, and pkarrd says that it does not exist.
  const name = 'use-application-dns.net';
  assert.equal(await addresses(machine, name), PROVIDER_ADDRESS);
  const { code, out } = await machine.run(['pkarrd', 'integrate', '--yes', '--check-name', name]);
  assert.equal(code, 1);
  assert.match(
    out,
    /^Failed: "use-application-dns\.net\." is found, as before: no address is found\.\nEverything is taken back\.$/m,
  );
  assertSame(await picture(machine), before);
  await until(machine, `getent ahosts ${name} | grep -q '^${PROVIDER_ADDRESS} '`);

  // As a container has it: a file of somewhere else on the name, which cannot be replaced.
  await machine.sh(`
    printf 'nameserver 10.77.0.1\\n' > /root/resolv.conf
    chmod 640 /root/resolv.conf
    rm /etc/resolv.conf
    touch /etc/resolv.conf
    mount --bind /root/resolv.conf /etc/resolv.conf`);
  await machine.sh('pkarrd integrate --yes');
  assert.match(await machine.read('/root/resolv.conf'), /^#.*\nnameserver 127\.0\.0\.1\n$/);
  assert.match(await machine.sh('pkarrd integrate --yes'), /Nothing was changed\.\n$/);
  await machine.sh('pkarrd integrate --undo');
  assert.equal(await machine.read('/root/resolv.conf'), 'nameserver 10.77.0.1\n');
  assert.equal(await machine.sh('stat --format=%a /etc/resolv.conf'), '640\n');
});
