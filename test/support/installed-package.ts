import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { chmodSync, cpSync, mkdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { asUnknownUser, cannotBeUnknownUser } from './unknown-user.ts';

/** The folder of the project. */
export const root = fileURLToPath(new URL('../../../', import.meta.url));

/** The parts of package.json that are used. */
export interface Manifest {
  readonly version: string;
  readonly dependencies?: object;
  readonly optionalDependencies?: object;
  readonly scripts?: object;
  readonly files: readonly string[];
  readonly allowScripts: Readonly<Record<string, boolean>>;
}

/** The manifest of the repository. */
export const manifest = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as Manifest;

/** A package that was packed and installed in a directory of its own. */
export interface InstalledPackage {
  /** A copy of the files that are packed, with the tarball. */
  readonly project: string;
  /** npm's global prefix: the program is `bin/pkarrd` in it. */
  readonly prefix: string;
}

/** Packs the compiled program and installs the tarball without a network, below `directory`. */
export function installPackage(directory: string): InstalledPackage {
  const project = join(directory, 'project');
  const prefix = join(directory, 'prefix');
  mkdirSync(project);
  chmodSync(directory, 0o755);
  for (const part of [...manifest.files, 'package.json', 'dist/tools']) {
    cpSync(join(root, part), join(project, part), { recursive: true });
  }
  // The scripts of package.json would build everything again; `prepack` and `postpack` end with these.
  const packManifest = join(project, 'dist/tools/pack-manifest.js');
  // A cache of its own, empty: with --offline, whatever would be fetched is an error.
  const npm = [...['--offline', '--cache', join(directory, 'cache')], '--no-update-notifier'];
  run(process.execPath, [packManifest], project);
  run('npm', ['pack', '--ignore-scripts', ...npm], project);
  run(process.execPath, [packManifest, '--restore'], project);
  const tarball = join(project, `pkarrd-${manifest.version}.tgz`);
  run('npm', ['install', '--global', '--prefix', prefix, tarball, ...npm], project);
  return { project, prefix };
}

/** Why `withoutNetwork` cannot be used, for `skip`; false if it can. */
export const cannotLeaveNetwork =
  cannotBeUnknownUser ||
  (spawnSync('unshare', ['--net', 'true']).status !== 0 && 'this machine allows no network namespaces');

/** The words that run `command` as `asUnknownUser` does, in a network namespace of its own that has only loopback. */
export function withoutNetwork(command: readonly string[]): readonly [string, ...string[]] {
  return ['unshare', '--net', 'sh', '-c', 'ip link set lo up && exec "$@"', 'sh', ...asUnknownUser(command)];
}

/** Runs a program and returns its standard output. Fails unless it exits with 0. */
export function run(program: string, words: readonly string[], cwd: string, env = process.env): string {
  const { error, status, stdout, stderr } = spawnSync(program, words, { cwd, env, encoding: 'utf8' });
  assert.equal(status, 0, `${program} ${words.join(' ')}: ${error?.message ?? ''}\n${stdout}${stderr}`);
  return stdout;
}
