import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { root } from '../../support/installed-package.ts';
import { TestAuthority, type TestCertificate } from '../../support/test-certificate.ts';
import type { Counts } from '../support/load-child.ts';
import { bootMachine, type Machine } from '../support/machine.ts';
import { putProgram } from '../support/program.ts';
import { bookworm, trixie } from '../support/recipes.ts';
import { load } from '../support/service.ts';

const readme = readFileSync(join(root, 'README.md'), 'utf8');

/** The hook of certbot as the README has it. */
const hook = /^```text\n(#!\/bin\/sh\n[^`]*)```$/m.exec(readme)?.[1] ?? '';
/** The command that acme.sh runs after it has written the files. */
const reloadCommand = /--reloadcmd "([^"]+)"/.exec(readme)?.[1] ?? '';

const HOOK = '/etc/letsencrypt/renewal-hooks/deploy/pkarrd';
const LIVE = '/etc/letsencrypt/live/dns.example';

/** The names of the certificate that is shown on port 853. */
async function shown(machine: Machine): Promise<string> {
  const script =
    "const s=require('tls').connect({port:853,host:'127.0.0.1',rejectUnauthorized:false},()=>{console.log(s.getPeerCertificate().subjectaltname);s.destroy()});" +
    "s.on('error',(e)=>{console.log(e.code)})";
  return (await machine.sh(`node -e "${script}"`)).trim();
}

/** Does something while queries are asked, each of which must be answered. */
async function losingNothing(loads: readonly Promise<Counts>[], work: () => Promise<void>): Promise<void> {
  const [done, ...counts] = await Promise.allSettled([work(), ...loads]);
  if (done.status === 'rejected') throw done.reason;
  for (const count of counts) {
    if (count.status === 'rejected') throw count.reason;
    const { sent, answered, refused, lost, wrong } = count.value as Counts;
    assert.deepEqual({ answered, refused, lost, wrong }, { answered: sent, refused: 0, lost: 0, wrong: 0 });
  }
}

for (const [recipe, systemd] of [
  [trixie, 257],
  [bookworm, 252],
] as const) {
  test(`certificates that certbot and acme.sh renew are served after a restart that loses nothing, systemd ${systemd}`, async () => {
    await using authority = await TestAuthority.create();
    const issue = (name: string) => authority.issue({ names: `DNS:${name}.example,IP:127.0.0.1`, days: 400 });
    const [first, second, third] = [await issue('first'), await issue('second'), await issue('third')];
    await using machine = await bootMachine(recipe);
    await putProgram(machine);
    const put = async (folder: string, { cert, key }: TestCertificate) => {
      await machine.write(`${folder}/fullchain.pem`, cert);
      await machine.write(`${folder}/privkey.pem`, key);
    };
    await machine.sh('pkarrd install');
    // Without a certificate there is nothing to open, and the command says what to do.
    const refused = await machine.run(['pkarrd', 'install', '--tls-listen', '127.0.0.1']);
    assert.notEqual(refused.code, 0);
    assert.match(refused.err, /needs a certificate: .*pkarrd certificate --out \/etc\/pkarrd\/tls/);

    await put('/etc/pkarrd/tls', first);
    await machine.sh('chmod 600 /etc/pkarrd/tls/*');
    await machine.write(
      '/etc/pkarrd/pkarrd.toml',
      'tls-listen = ["127.0.0.1"]\ncertificate = "/etc/pkarrd/tls/fullchain.pem"\ncertificate-key = "/etc/pkarrd/tls/privkey.pem"\n',
    );
    // The service was started before they were there: a reload says what is missing.
    const reload = await machine.run(['pkarrd', 'reload']);
    assert.notEqual(reload.code, 0);
    assert.match(reload.err, /Run: systemctl restart pkarrd/);
    // The sockets of plain DNS stay open meanwhile.
    await losingNothing([load(machine, { kind: 'udp', rate: 200, seconds: 6 })], async () => {
      await machine.sh('pkarrd install');
    });
    assert.equal(await machine.sh('systemctl is-enabled pkarrd-tls.socket'), 'enabled\n');
    assert.match(await shown(machine), /first\.example/);
    assert.match(await machine.sh('pkarrd status'), /^listen .*tls:\/\/127\.0\.0\.1:853/m);

    const loads = [
      load(machine, { kind: 'udp', rate: 200, seconds: 12 }),
      load(machine, { kind: 'tls', rate: 20, seconds: 12 }),
    ];
    await losingNothing(loads, async () => {
      await put(LIVE, second);
      await machine.write(HOOK, hook);
      await machine.sh(`chmod +x ${HOOK} && RENEWED_LINEAGE=${LIVE} ${HOOK}`);
      assert.match(await shown(machine), /second\.example/);
      await put('/etc/pkarrd/tls', third);
      await machine.sh(reloadCommand);
      assert.match(await shown(machine), /third\.example/);
    });

    await machine.sh('pkarrd install --tls-listen none');
    assert.equal(await shown(machine), 'ECONNREFUSED');
    assert.equal(await machine.sh('dig +short @127.0.0.1 localhost'), '127.0.0.1\n');
    await machine.sh('pkarrd uninstall --yes || pkarrd uninstall');
    assert.equal(await machine.sh('find /etc/systemd -name "pkarrd*"'), '');
  });
}
