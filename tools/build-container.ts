/** Makes dist/container, the whole content of the container: the one file (dist/pkarrd) and the libraries that it names. */
import { execFileSync } from 'node:child_process';
import { chmodSync, chownSync, cpSync, existsSync, mkdirSync, realpathSync, rmSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { root } from './bun.ts';

const binary = join(root, 'dist', 'pkarrd');
const folder = join(root, 'dist', 'container');

if (existsSync(binary)) {
  rmSync(folder, { recursive: true, force: true });
  put(binary, '/usr/bin/pkarrd');
  for (const library of librariesOf(binary)) put(realpathSync(library), library);
  makeWritable('/var/lib/pkarrd', 0o700);
  // Bun unpacks nothing, and still asks for a place for temporary files.
  makeWritable('/tmp', 0o1777);
  console.log(`${folder} is the content of the container; see Containerfile.`);
} else {
  console.error(`There is no ${binary}; run "npm run build:binary" first.`);
  process.exitCode = 1;
}

/** The shared libraries of a program and its loader, by the paths that it looks for them at (ldd(1)). */
function librariesOf(program: string): readonly string[] {
  const listed = execFileSync('ldd', [program], { encoding: 'utf8' });
  return [...listed.matchAll(/^\s+(?:\S+ => )?(\/\S+) \(0x/gm)].map(([, path = '']) => path);
}

function put(from: string, to: string): void {
  const path = join(folder, to);
  mkdirSync(dirname(path), { recursive: true });
  cpSync(from, path, { dereference: true });
  chmodSync(path, 0o755);
}

/** A directory for the user of the container; its owner is kept only when root builds it. */
function makeWritable(path: string, mode: number): void {
  const directory = join(folder, path);
  mkdirSync(directory, { recursive: true });
  chmodSync(directory, process.getuid?.() === 0 ? mode : 0o777);
  if (process.getuid?.() === 0) chownSync(directory, 65_532, 65_532);
}
