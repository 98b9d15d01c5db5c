import assert from 'node:assert/strict';
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';

import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import {
  cannotLeaveNetwork,
  type InstalledPackage,
  installPackage,
  type Manifest,
  manifest,
  root,
  run,
  withoutNetwork,
} from '../support/installed-package.ts';

/** An entry of the lock file, as far as it is looked at. */
interface LockedPackage {
  readonly resolved?: string;
  readonly libc?: unknown;
  readonly hasInstallScript?: boolean;
  readonly engines?: { readonly node?: string };
}

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
  let installed: InstalledPackage;
  before(() => {
    installed = installPackage(directory);
  });
  after(() => rmSync(directory, { recursive: true }));

  test('has no dependencies and no scripts, and the manifest of the repository is as it was', () => {
    const folder = join(installed.prefix, 'lib/node_modules/pkarrd');
    const packed = JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8')) as Manifest;
    assert.deepEqual([packed.dependencies, packed.scripts], [undefined, undefined]);
    assert.ok(!readdirSync(folder).includes('node_modules'));
    const [before, after] = [root, installed.project].map((folder) =>
      readFileSync(join(folder, 'package.json'), 'utf8'),
    );
    assert.equal(before, after);
  });

  test('has the license of every package that the program or the library contains', () => {
    const licenses = ['program', 'library']
      .map((part) => readFileSync(join(root, `dist/${part}/THIRD-PARTY-LICENSES.txt`), 'utf8'))
      .join('\n');
    for (const name of Object.keys(manifest.dependencies ?? {})) {
      assert.match(licenses, new RegExp(`^${name} \\d.*\\n\\n.*(?:Copyright|Blue Oak)`, 'ms'), name);
    }
  });

  test('is a library for other programs, with types', () => {
    const folder = join(installed.prefix, 'lib/node_modules/pkarrd');
    const packed = JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8')) as {
      readonly exports: Readonly<Record<string, Readonly<Record<string, string>>>>;
    };
    assert.deepEqual(Object.keys(packed.exports), ['./pkarr', './client', './package.json']);
    const files = Object.values(packed.exports).flatMap((conditions) => Object.values(conditions));
    for (const file of files.filter((each) => each.startsWith('./')))
      assert.ok(existsSync(join(folder, file)), file);
    // From a folder beside it, as a project that depends on it.
    const program = join(directory, 'project');
    mkdirSync(join(program, 'node_modules'), { recursive: true });
    symlinkSync(folder, join(program, 'node_modules/pkarrd'));
    const text = `import { KeyPair } from 'pkarrd/pkarr'; import { Client } from 'pkarrd/client';
      const { text } = KeyPair.fromSeed(new Uint8Array(32).fill(1)).publicKey; console.log(typeof Client, text);`;
    writeFileSync(join(program, 'program.mjs'), text);
    const printed = run(process.execPath, ['program.mjs'], program);
    assert.match(printed, /^function [a-z0-9]{52}$/m);
  });

  test('brings its manual pages to where man looks for them', () => {
    for (const page of ['man1/pkarrd.1', 'man5/pkarrd.toml.5'])
      assert.match(readFileSync(join(installed.prefix, 'share/man', page), 'utf8'), /^\.SH NAME$/m);
  });

  test('runs without a network, as a user that has no entry in /etc/passwd and no home directory', {
    skip: cannotLeaveNetwork,
  }, () => {
    const { PATH = '' } = process.env;
    for (const [command, expected] of [
      [['--version'], new RegExp(`^pkarrd ${manifest.version}$`, 'm')],
      [['demo', '--once', '--listen', '127.0.0.1:0'], /192\.0\.2\.80/],
    ] as const) {
      const [program, ...words] = withoutNetwork([join(installed.prefix, 'bin/pkarrd'), ...command]);
      assert.match(run(program, words, '/', { PATH }), expected);
    }
  });
});
