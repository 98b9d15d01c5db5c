/**
 * Makes dist/pkarrd, one file for this platform that needs no Node, from the compiled program. With the names of platforms
 * as arguments, or `all`, it makes dist/pkarrd-PLATFORM for each of them instead, on whichever machine it runs.
 */
import { spawnSync } from 'node:child_process';
import { statSync } from 'node:fs';
import { join } from 'node:path';
import { programVersion } from '../src/system/program-version.ts';
import { bunFor, bunProgram, ownPlatform, type Platform, platforms, root } from './bun.ts';

const version = programVersion();

try {
  const names = process.argv.slice(2);
  if (names.length === 0) build(join(root, 'dist', 'pkarrd'));
  for (const platform of chosen(names)) build(join(root, 'dist', `pkarrd-${platform.name}`), platform);
} catch (error) {
  console.error(error instanceof Error ? error.message : error);
  process.exitCode = 1;
}

function chosen(names: readonly string[]): readonly Platform[] {
  if (names.includes('all')) return platforms;
  return names.map((name) => {
    const platform = platforms.find((one) => one.name === name);
    if (platform !== undefined) return platform;
    const known = platforms.map((one) => one.name).join(', ');
    throw new Error(`No platform is called ${name}; expected all or some of ${known}.`);
  });
}

/** Builds the one file, for this machine unless a platform is given. @throws Error that says why it failed. */
function build(file: string, platform?: Platform): void {
  const words = [
    'build',
    // The DHT's thread is an entry of its own. Without folders in its name it is found beside the file that starts it, as
    // in dist/src/mainline.
    ...[
      '--compile',
      'dist/src/main.js',
      'dist/src/mainline/thread/dht-thread.js',
      'dist/src/http/thread/http-thread.js',
      'dist/src/cli/keys/vanity/vanity-thread.js',
      'dist/src/testnet/testnet-thread.js',
      '--entry-naming',
      '[name].[ext]',
    ],
    ...['--outfile', file, '--define', `PKARRD_VERSION=${JSON.stringify(version)}`],
    // The servers of dns2 alone, as in `build-program.ts`.
    ...['--tsconfig-override', 'tools/bundle-tsconfig.json'],
    ...['--minify', '--format', 'esm', '--splitting'],
    // It reads no file of the directory that it is started in unless the user named it.
    ...['--no-compile-autoload-dotenv', '--no-compile-autoload-bunfig'],
    ...(platform === undefined || platform === ownPlatform()
      ? // Parsed at build time: the start takes a third of the CPU time. Only for the machine that builds.
        ['--bytecode']
      : [
          `--target=bun-${platform.name.replace('aarch64', 'arm64')}`,
          `--compile-executable-path=${bunFor(platform)}`,
        ]),
  ];
  const { status, stdout, stderr } = spawnSync(bunProgram(), words, { cwd: root, encoding: 'utf8' });
  if (status !== 0) throw new Error(`bun build failed:\n${stdout}${stderr}`);
  const megabytes = Math.round(statSync(file).size / 1_000_000);
  console.log(`${file} is pkarrd ${version} in one file, ${megabytes} MB.`);
}
