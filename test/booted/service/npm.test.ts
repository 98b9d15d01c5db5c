import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { installPackage, manifest } from '../../support/installed-package.ts';
import { whySkipped } from '../integrate/tell-rows.ts';
import { bootMachine, type Machine } from '../support/machine.ts';
import { bookworm, trixie } from '../support/recipes.ts';
import { answersAll, everyPath, property, underLoad } from '../support/service.ts';

const NEWER = '99.0.0';
/** The version of Debian's own npm or older; its cache and its log are none of ours. */
const NPM =
  'node /opt/npm/bin/npm-cli.js --offline --no-update-notifier --no-audit --no-fund --cache /tmp/npm --global';

/** Tarballs of this version and of one that is newer, as `npm pack` makes them. */
const tarballs = { now: '', newer: '' };
const folder = mkdtempSync(join(tmpdir(), 'pkarrd-npm-'));
after(() => rmSync(folder, { recursive: true }));

before(() => {
  const { project } = installPackage(folder);
  tarballs.now = join(project, `pkarrd-${manifest.version}.tgz`);
  // The program has its version in its code.
  for (const name of readdirSync(join(project, 'dist/program/parts'))) {
    const path = join(project, 'dist/program/parts', name);
    writeFileSync(path, readFileSync(path, 'utf8').replaceAll(`"${manifest.version}"`, `"${NEWER}"`));
  }
  const { execPath } = process;
  const run = (...words: readonly string[]) =>
    execFileSync(words[0] ?? '', words.slice(1), { cwd: project, stdio: 'pipe' });
  run(execPath, 'dist/tools/pack-manifest.js');
  const file = join(project, 'package.json');
  writeFileSync(file, JSON.stringify({ ...JSON.parse(readFileSync(file, 'utf8')), version: NEWER }));
  run(
    'npm',
    'pack',
    '--ignore-scripts',
    '--offline',
    '--no-update-notifier',
    '--cache',
    join(folder, 'cache'),
  );
  tarballs.newer = join(project, `pkarrd-${NEWER}.tgz`);
});

/** Each Debian once in every run, and with the other prefix in a run of everything. */
const cases = [
  [trixie, '/usr', false],
  [bookworm, '/usr/local', false],
  [trixie, '/usr/local', whySkipped],
  [bookworm, '/usr', whySkipped],
] as const;

for (const [recipe, prefix, skip] of cases) {
  test(`npm installs the tarball below ${prefix} without a network, it is a service, is upgraded and leaves nothing, ${recipe.suite}`, {
    skip,
  }, async () => {
    await using machine = await bootMachine(recipe);
    await machine.put(tarballs.now, '/opt/pkarrd.tgz');
    await machine.put(tarballs.newer, '/opt/newer.tgz');
    // What npm itself makes for whichever package comes first, and leaves.
    await machine.sh(`mkdir -p ${prefix}/lib/node_modules ${prefix}/share/man/man1 ${prefix}/share/man/man5`);
    const paths = await everyPath(machine);
    await machine.sh(`${NPM} install --prefix ${prefix} /opt/pkarrd.tgz`);
    assert.match(await machine.sh('pkarrd install'), /^pkarrd answers on 127\.0\.0\.1, port 53\./m);
    await isServing(machine, manifest.version);

    const counts = await underLoad(machine, 8, async () => {
      await machine.sh(`${NPM} install --prefix ${prefix} /opt/newer.tgz`);
      await machine.sh('pkarrd install');
    });
    answersAll(counts);
    await isServing(machine, NEWER);

    const removed = await machine.sh('pkarrd uninstall');
    await machine.sh(removed.replace(/^[\s\S]*: rm -rf/, 'rm -rf'));
    await machine.sh(`${NPM} uninstall --prefix ${prefix} pkarrd`);
    assert.deepEqual(await everyPath(machine), paths);
  });
}

/** Active, enabled, and answering as this version. */
async function isServing(machine: Machine, version: string): Promise<void> {
  assert.equal(await machine.sh('systemctl is-active pkarrd.socket pkarrd.service'), 'active\nactive\n');
  assert.equal(await machine.sh('systemctl is-enabled pkarrd.socket pkarrd.service'), 'enabled\nenabled\n');
  assert.equal(await machine.sh('dig +short @127.0.0.1 localhost'), '127.0.0.1\n');
  assert.equal(await machine.sh('pkarrd --version'), `pkarrd ${version}\n`);
  const status = JSON.parse(await machine.sh('pkarrd status --json')) as { version: string };
  assert.equal(status.version, version);
  assert.equal(await property(machine, 'NRestarts'), '0');
}
