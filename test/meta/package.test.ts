import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import {
  chmodSync,
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('../../../', import.meta.url));

/** An entry of the lock file, as far as it is looked at. */
interface LockedPackage {
  readonly resolved?: string;
  readonly libc?: unknown;
  readonly hasInstallScript?: boolean;
  readonly engines?: { readonly node?: string };
}

interface Manifest {
  readonly version: string;
  readonly dependencies?: object;
  readonly optionalDependencies?: object;
  readonly scripts?: object;
  readonly files: readonly string[];
  readonly allowScripts: Readonly<Record<string, boolean>>;
}

const manifest = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as Manifest;
const locked = Object.entries(
  (
    JSON.parse(readFileSync(join(root, 'package-lock.json'), 'utf8')) as {
      readonly packages: Readonly<Record<string, LockedPackage>>;
    }
  ).packages,
).filter(([path]) => path !== '');

describe('the lock file', () => {
  test('has the optional packages of every platform, without which `npm ci` refuses it', () => {
    const paths = new Set(locked.map(([path]) => path));
    for (const [path] of locked.filter(([path]) => existsSync(join(root, path)))) {
      // What the package says itself: a registry that lacks some of them makes npm write a lock file without.
      const { optionalDependencies = {} } = JSON.parse(
        readFileSync(join(root, path, 'package.json'), 'utf8'),
      ) as Manifest;
      for (const name of Object.keys(optionalDependencies)) {
        const places = [`${path}/node_modules/${name}`, `node_modules/${name}`];
        assert.ok(
          places.some((place) => paths.has(place)),
          `${path}: ${name}`,
        );
      }
    }
  });

  test('has nothing that depends on the registry, or on the version of npm that wrote it', () => {
    // npm 11 writes `libc`, and npm 10 takes it out again.
    for (const [path, { resolved, libc }] of locked)
      assert.deepEqual([resolved, libc], [undefined, undefined], path);
  });

  test('has packages for every version of Node that pkarrd supports, so that npm warns of none', () => {
    for (const [path, { engines }] of locked) {
      for (const version of [
        [20, 19, 0],
        [22, 13, 0],
        [24, 0, 0],
        [26, 0, 0],
      ] as const) {
        assert.ok(isInRange(version, engines?.node ?? '>=0'), `${path} wants ${engines?.node}`);
      }
    }
  });

  test('has no package with an install script that package.json does not decide on', () => {
    const withScript = locked.filter(([, { hasInstallScript }]) => hasInstallScript === true);
    assert.deepEqual(
      withScript.map(([path]) => path.replace('node_modules/', '')),
      Object.keys(manifest.allowScripts),
    );
  });
});

/** Whether a version is in a range of npm, of the forms that the lock file has: `20`, `^20.19.0`, `>=22.12`, and `||`. */
function isInRange(version: readonly [number, number, number], range: string): boolean {
  return range.split('||').some((part) => {
    const [, sign, numbers = ''] = /^(\^|>=|)([\d.]+)$/.exec(part.replaceAll(' ', '')) ?? assert.fail(range);
    const least = numbers.split('.').map(Number);
    const difference = [0, 1, 2]
      .map((index) => (version[index] ?? 0) - (least[index] ?? 0))
      .find((each) => each !== 0);
    return (difference ?? 0) >= 0 && (sign === '>=' || version[0] === least[0]);
  });
}

describe('what `npm pack` makes', () => {
  const directory = mkdtempSync(join(tmpdir(), 'pkarrd-package-'));
  const project = join(directory, 'project');
  const prefix = join(directory, 'prefix');
  // A cache of its own, empty: with --offline, whatever would be fetched is an error.
  const npm = (...words: readonly string[]) =>
    run('npm', [...words, '--offline', '--cache', join(directory, 'cache'), '--no-update-notifier'], project);
  after(() => rmSync(directory, { recursive: true }));

  before(() => {
    mkdirSync(project);
    for (const part of [...manifest.files, 'package.json', 'dist/tools']) {
      cpSync(join(root, part), join(project, part), { recursive: true });
    }
    // The scripts of package.json would build everything again; `prepack` and `postpack` end with these.
    run(process.execPath, [join(project, 'dist/tools/pack-manifest.js')], project);
    npm('pack', '--ignore-scripts');
    run(process.execPath, [join(project, 'dist/tools/pack-manifest.js'), '--restore'], project);
    chmodSync(directory, 0o755);
    npm('install', '--global', '--prefix', prefix, join(project, `pkarrd-${manifest.version}.tgz`));
  });

  test('has no dependencies and no scripts, and the manifest of the repository is as it was', () => {
    const installed = join(prefix, 'lib/node_modules/pkarrd');
    const packed = JSON.parse(readFileSync(join(installed, 'package.json'), 'utf8')) as Manifest;
    assert.deepEqual([packed.dependencies, packed.scripts], [undefined, undefined]);
    assert.ok(!readdirSync(installed).includes('node_modules'));
    assert.equal(
      readFileSync(join(project, 'package.json'), 'utf8'),
      readFileSync(join(root, 'package.json'), 'utf8'),
    );
  });

  test('has the license of every package that the program contains', () => {
    const licenses = readFileSync(join(root, 'dist/program/THIRD-PARTY-LICENSES.txt'), 'utf8');
    for (const name of Object.keys(manifest.dependencies ?? {})) {
      assert.match(licenses, new RegExp(`^${name} \\d.*\\n\\n.*(?:Copyright|Blue Oak)`, 'ms'), name);
    }
  });

  test('runs without a network, as a user that has no entry in /etc/passwd and no home directory', {
    skip: process.getuid?.() !== 0 && 'only root can become such a user and leave the network',
  }, () => {
    const words = `ip link set lo up && cd / && exec setpriv --reuid 54321 --regid 54321 --clear-groups "$@"`;
    const program = join(prefix, 'bin/pkarrd');
    const { PATH = '' } = process.env;
    for (const [command, expected] of [
      [['--version'], new RegExp(`^pkarrd ${manifest.version}$`, 'm')],
      [['demo', '--once', '--listen', '127.0.0.1:0'], /192\.0\.2\.80/],
    ] as const) {
      const alone = ['--net', 'sh', '-c', words, 'sh', program, ...command];
      assert.match(run('unshare', alone, directory, { PATH }), expected);
    }
  });
});

/** Runs a program to its end and gives its standard output. */
function run(program: string, words: readonly string[], cwd: string, env = process.env): string {
  const { error, status, stdout, stderr } = spawnSync(program, words, { cwd, env, encoding: 'utf8' });
  assert.equal(status, 0, `${program} ${words.join(' ')}: ${error?.message ?? ''}\n${stdout}${stderr}`);
  return stdout;
}
