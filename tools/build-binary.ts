/** Makes dist/pkarrd, one file for this platform that needs no Node, from the compiled program. */
import { spawnSync } from 'node:child_process';
import { statSync } from 'node:fs';
import { join } from 'node:path';
import { programVersion } from '../src/system/program-version.ts';
import { bunProgram, root } from './bun.ts';

const version = programVersion();
const file = join(root, 'dist', 'pkarrd');

const words = [
  'build',
  // The DHT's thread is an entry of its own. Without folders in its name it is found beside the file that starts it, as
  // in dist/src/mainline.
  ...[
    '--compile',
    'dist/src/main.js',
    'dist/src/mainline/thread/dht-thread.js',
    'dist/src/testnet/testnet-thread.js',
    '--entry-naming',
    '[name].[ext]',
  ],
  ...['--outfile', file, '--define', `PKARRD_VERSION=${JSON.stringify(version)}`],
  // Parsed at build time, with a chunk for each command and late import: the start takes a third of the CPU time.
  ...['--minify', '--bytecode', '--format', 'esm', '--splitting'],
  // It reads no file of the directory that it is started in unless the user named it.
  ...['--no-compile-autoload-dotenv', '--no-compile-autoload-bunfig'],
];

try {
  const { status, stdout, stderr } = spawnSync(bunProgram(), words, { cwd: root, encoding: 'utf8' });
  if (status !== 0) throw new Error(`bun build failed:\n${stdout}${stderr}`);
  const megabytes = Math.round(statSync(file).size / 1_000_000);
  console.log(`${file} is pkarrd ${version} in one file, ${megabytes} MB.`);
} catch (error) {
  console.error(error instanceof Error ? error.message : error);
  process.exitCode = 1;
}
