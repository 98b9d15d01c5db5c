/**
 * Makes the Debian packages in dist/debian: `pkarrd`, for every architecture, which needs Node 20.19 from elsewhere, and
 * `pkarrd-standalone`, the one file, for amd64 and arm64. Only dpkg-deb is needed, and the same commit gives the same bytes.
 *   node dist/tools/build-deb.js [--output=FOLDER] [all] [amd64] [arm64]     all three without words
 */
import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import {
  chmodSync,
  copyFileSync,
  cpSync,
  lstatSync,
  lutimesSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { parseArgs } from 'node:util';
import { gzipSync } from 'node:zlib';
import { dropIns, HELPER_DROP_IN } from '../src/install/service-drop-ins.ts';
import { units } from '../src/install/systemd-units.ts';
import { programVersion } from '../src/system/program-version.ts';
import { root } from './bun.ts';
import { sourceDate } from './source-date.ts';

/** A package. */
interface Package {
  readonly name: 'pkarrd' | 'pkarrd-standalone';
  readonly architecture: 'all' | 'amd64' | 'arm64';
  /** Fields of its control file that only it has (deb-control(5)). */
  readonly fields: readonly string[];
  /** Puts the program into the tree of the package as /usr/bin/pkarrd. */
  program(tree: string): void;
}

const MAINTAINER = 'The pkarrd authors <pkarrd@localhost>';
const version = programVersion();
const seconds = Math.floor(sourceDate().getTime() / 1000);
const { values, positionals: words } = parseArgs({
  options: { output: { type: 'string', default: join(root, 'dist', 'debian') } },
  allowPositionals: true,
});

const packages: readonly Package[] = [
  {
    name: 'pkarrd',
    architecture: 'all',
    fields: ['Depends: nodejs (>= 20.19)', 'Conflicts: pkarrd-standalone', 'Replaces: pkarrd-standalone'],
    program(tree) {
      cpSync(join(root, 'dist', 'program'), join(tree, 'usr/lib/pkarrd'), { recursive: true });
      rmSync(join(tree, 'usr/lib/pkarrd/THIRD-PARTY-LICENSES.txt'));
      put(
        tree,
        'usr/lib/pkarrd/package.json',
        `${JSON.stringify({ name: 'pkarrd', version, type: 'module' })}\n`,
      );
      const main = join(tree, 'usr/lib/pkarrd/main.js');
      // That of the package which it depends on, whatever comes first in somebody's PATH.
      writeFileSync(main, readFileSync(main, 'utf8').replace(/^#!.*\n/, '#!/usr/bin/node\n'));
      mkdirSync(join(tree, 'usr/bin'), { recursive: true });
      symlinkSync('../lib/pkarrd/main.js', join(tree, 'usr/bin/pkarrd'));
    },
  },
  standalone('amd64', 'linux-x64'),
  standalone('arm64', 'linux-aarch64'),
];

function standalone(architecture: 'amd64' | 'arm64', platform: string): Package {
  return {
    name: 'pkarrd-standalone',
    architecture,
    // What Bun itself needs, in Debian 11 and later.
    fields: ['Depends: libc6 (>= 2.31)', 'Conflicts: pkarrd', 'Replaces: pkarrd', 'Provides: pkarrd'],
    program(tree) {
      const file = join(root, 'dist', `pkarrd-${platform}`);
      execFileSync(process.execPath, [join(root, 'dist/tools/build-binary.js'), platform], {
        stdio: 'inherit',
      });
      mkdirSync(join(tree, 'usr/bin'), { recursive: true });
      copyFileSync(file, join(tree, 'usr/bin/pkarrd'));
      // The program is behind the end of the ELF file, where strip(1) would cut it off.
      put(
        tree,
        'usr/share/lintian/overrides/pkarrd-standalone',
        'pkarrd-standalone: unstripped-binary-or-object [usr/bin/pkarrd]\n',
      );
    },
  };
}

try {
  const unknown = words.find((word) => !packages.some(({ architecture }) => architecture === word));
  if (unknown !== undefined) throw new Error(`No package is for ${unknown}; expected all, amd64 or arm64.`);
  mkdirSync(values.output, { recursive: true });
  for (const one of packages) if (words.length === 0 || words.includes(one.architecture)) build(one);
} catch (error) {
  console.error(error instanceof Error ? error.message : error);
  process.exitCode = 1;
}

function build(one: Package): void {
  const tree = mkdtempSync(join(tmpdir(), 'pkarrd-deb-'));
  try {
    one.program(tree);
    putCommon(tree, one);
    putControl(tree, one);
    // Every bit and time of what is packed is ours, not that of the umask and the clock here.
    for (const path of [...pathsOf(tree), '.']) {
      const at = join(tree, path);
      if (!lstatSync(at).isSymbolicLink()) chmodSync(at, modeOf(tree, path));
      lutimesSync(at, seconds, seconds);
    }
    const file = join(values.output, `${one.name}_${version}_${one.architecture}.deb`);
    // More than one thread would cut the file into blocks by their number.
    const words = [
      '--root-owner-group',
      '--threads-max=1',
      // The one file takes xz most of a minute.
      ...(one.architecture === 'all' ? ['-Zxz'] : ['-Zzstd', '-z6']),
    ];
    execFileSync('dpkg-deb', [...words, '--build', tree, file], {
      stdio: ['ignore', 'ignore', 'inherit'],
      env: { ...process.env, SOURCE_DATE_EPOCH: String(seconds) },
    });
    console.log(`${file}, ${(statSync(file).size / 1_000_000).toFixed(1)} MB`);
  } finally {
    rmSync(tree, { recursive: true });
  }
}

/** What both packages have beside the program. */
function putCommon(tree: string, { name }: Package): void {
  for (const [unit, text] of Object.entries(units(['/usr/bin/pkarrd'])))
    put(tree, `usr/lib/systemd/system/${unit}`, text);
  for (const { name: dropIn, content } of dropIns) {
    // postinst takes those that are there.
    if (name === 'pkarrd-standalone' && dropIn === HELPER_DROP_IN) continue;
    put(tree, `usr/lib/pkarrd/pkarrd.service.d/${dropIn}`, content);
  }
  const documents = join(root, 'dist', 'documents');
  for (const [from, to] of [
    ['man/pkarrd.1', 'usr/share/man/man1/pkarrd.1.gz'],
    ['man/pkarrd.toml.5', 'usr/share/man/man5/pkarrd.toml.5.gz'],
    ['completion/bash/pkarrd', 'usr/share/bash-completion/completions/pkarrd'],
    ['completion/zsh/_pkarrd', 'usr/share/zsh/vendor-completions/_pkarrd'],
    ['completion/fish/pkarrd.fish', 'usr/share/fish/vendor_completions.d/pkarrd.fish'],
    ['pkarrd.toml', 'etc/pkarrd/pkarrd.toml'],
  ] as const) {
    put(tree, to, readFileSync(join(documents, from)));
  }
  for (const folder of ['keys', 'tls']) mkdirSync(join(tree, 'etc/pkarrd', folder));
  const doc = `usr/share/doc/${name}`;
  for (const file of ['README.md', 'SECURITY.md'])
    put(tree, `${doc}/${file}.gz`, readFileSync(join(root, file)));
  put(tree, `${doc}/copyright`, copyright());
  put(tree, `${doc}/changelog.gz`, changelog(name));
}

function putControl(tree: string, { name, architecture, fields }: Package): void {
  const files = pathsOf(tree).filter((path) => lstatSync(join(tree, path)).isFile());
  const size = files.reduce((sum, path) => sum + Math.ceil(statSync(join(tree, path)).size / 1024), 0);
  const isOneFile = name === 'pkarrd-standalone';
  const control = [
    `Package: ${name}`,
    `Version: ${version}`,
    'Section: net',
    'Priority: optional',
    `Architecture: ${architecture}`,
    `Installed-Size: ${size}`,
    ...fields,
    `Maintainer: ${MAINTAINER}`,
    `Description: local DNS resolver for public-key names${isOneFile ? ' (one file)' : ''}`,
    ' Answers names that end in an Ed25519 public key out of signed packets of the',
    ' Mainline DHT (Pkarr), and forwards every other name to upstream resolvers.',
    ...(isOneFile ? [' .', ' This package has its own runtime and needs no Node.js.'] : []),
  ];
  const sums = files.map(
    (path) =>
      `${createHash('md5')
        .update(readFileSync(join(tree, path)))
        .digest('hex')}  ${path}\n`,
  );
  put(tree, 'DEBIAN/control', `${control.join('\n')}\n`);
  put(tree, 'DEBIAN/conffiles', '/etc/pkarrd/pkarrd.toml\n');
  put(tree, 'DEBIAN/md5sums', sums.join(''));
  for (const script of ['preinst', 'postinst', 'prerm', 'postrm'])
    put(tree, `DEBIAN/${script}`, readFileSync(join(root, 'tools/debian', script)));
}

/** The mode of a path in the package. */
function modeOf(tree: string, path: string): number {
  if (path === 'etc/pkarrd/keys' || path === 'etc/pkarrd/tls') return 0o700;
  const isProgram = ['usr/bin/pkarrd', 'usr/lib/pkarrd/main.js'].includes(path) || /^DEBIAN\/p/.test(path);
  return isProgram || lstatSync(join(tree, path)).isDirectory() ? 0o755 : 0o644;
}

/** Writes a file into the tree of a package, compressed where its name says so. */
function put(tree: string, path: string, content: string | Uint8Array): void {
  const at = join(tree, path);
  mkdirSync(dirname(at), { recursive: true });
  writeFileSync(at, path.endsWith('.gz') ? gzipSync(content, { level: 9 }) : content);
}

/** Everything in a tree, in one order. */
function pathsOf(tree: string): readonly string[] {
  return readdirSync(tree, { recursive: true, encoding: 'utf8' }).sort();
}

/** https://www.debian.org/doc/packaging-manuals/copyright-format/1.0/ */
function copyright(): string {
  const indented = (text: string) => text.trimEnd().replace(/^$/gm, '.').replace(/^/gm, ' ');
  return `Format: https://www.debian.org/doc/packaging-manuals/copyright-format/1.0/
Upstream-Name: pkarrd
Comment: The program contains packages of others, with these licenses:
${indented(readFileSync(join(root, 'dist/program/THIRD-PARTY-LICENSES.txt'), 'utf8'))}

Files: *
Copyright: 2026 The pkarrd authors
License: Expat
${indented(readFileSync(join(root, 'LICENSE'), 'utf8'))}
`;
}

/** Debian Policy §4.4. What has changed is in CHANGELOG.md. */
function changelog(name: string): string {
  const date = new Date(seconds * 1000).toUTCString().replace('GMT', '+0000');
  return `${name} (${version}) unstable; urgency=medium

  * Version ${version}.

 -- ${MAINTAINER}  ${date}
`;
}
