/**
 * Makes dist/release: everything that is passed on, with checksums and bills of materials. Whoever signs it signs
 * SHA256SUMS. It builds from the checkout as it is, and refuses one with changes unless `--dirty` is given.
 */
import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { cpSync, mkdirSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { programVersion } from '../src/system/program-version.ts';
import { billOfMaterials } from './bill-of-materials.ts';
import { platforms, root } from './bun.ts';
import { sourceDate } from './source-date.ts';

const version = programVersion();
const folder = join(root, 'dist', 'release');

try {
  release();
} catch (error) {
  console.error(error instanceof Error ? error.message : error);
  process.exitCode = 1;
}

function release(): void {
  const changes = output('git', 'status', '--porcelain');
  if (changes !== '' && !process.argv.includes('--dirty')) {
    throw new Error(
      `The checkout has changes, so nobody could build the same again. Commit them first:\n${changes}`,
    );
  }
  rmSync(folder, { recursive: true, force: true });
  mkdirSync(folder);

  say('the package of npm');
  run('npm', 'pack', '--silent', '--pack-destination', folder);
  writeFileSync(join(folder, `pkarrd-${version}.cdx.json`), billOfMaterials());

  say('manual pages, completion and the sample configuration');
  archive(`pkarrd-${version}-documents.tar.gz`, join(root, 'dist'), 'documents');

  for (const platform of platforms) {
    say(`the one file for ${platform.name}`);
    run(process.execPath, 'dist/tools/build-binary.js', platform.name);
    const name = `pkarrd-${version}-${platform.name}`;
    const staging = join(folder, name);
    mkdirSync(staging);
    renameSync(join(root, 'dist', `pkarrd-${platform.name}`), join(staging, 'pkarrd'));
    for (const file of [
      'README.md',
      'LICENSE',
      'CHANGELOG.md',
      'dist/program/THIRD-PARTY-LICENSES.txt',
      'systemd',
      'docs',
    ])
      cpSync(join(root, file), join(staging, file.split('/').at(-1) ?? file), { recursive: true });
    archive(`${name}.tar.gz`, folder, name);
    rmSync(staging, { recursive: true });
    writeFileSync(join(folder, `${name}.cdx.json`), billOfMaterials(platform));
  }

  say('the Debian packages');
  run(process.execPath, 'dist/tools/build-deb.js', `--output=${folder}`);

  const sums = readdirSync(folder)
    .sort()
    .map(
      (name) =>
        `${createHash('sha256')
          .update(readFileSync(join(folder, name)))
          .digest('hex')}  ${name}\n`,
    );
  writeFileSync(join(folder, 'SHA256SUMS'), sums.join(''));
  console.log(`${folder} has ${sums.length} files and SHA256SUMS of pkarrd ${version}, commit ${commit()}.`);
}

/** A tar archive that is the same whoever makes it and when (https://reproducible-builds.org/docs/archives/). */
function archive(name: string, directory: string, entry: string): void {
  const time = `--mtime=@${sourceDate().getTime() / 1000}`;
  const words = ['--sort=name', '--owner=0', '--group=0', '--numeric-owner', '--mode=u+rw,go-w', time];
  run(
    'tar',
    ...words,
    '--use-compress-program=gzip -n -9',
    '-cf',
    join(folder, name),
    '-C',
    directory,
    entry,
  );
}

function say(what: string): void {
  console.error(`Building ${what} …`);
}

function run(program: string, ...words: readonly string[]): void {
  execFileSync(program, words, { cwd: root, stdio: ['ignore', 'ignore', 'inherit'] });
}

function output(program: string, ...words: readonly string[]): string {
  return execFileSync(program, words, { cwd: root, encoding: 'utf8' });
}

function commit(): string {
  return output('git', 'rev-parse', '--short', 'HEAD').trim();
}
