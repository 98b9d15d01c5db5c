import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

/** The version of Bun that is tested. */
const VERSION = '1.4.5';

/** The hash of the npm package for each platform: what it contains is executed. */
const integrities: Readonly<Record<string, string>> = {
  'linux-x64':
    'sha512-IWX9BELoGHAUtMonkeSaNaZwXzRk+oDw6Mk+HBFXd3KHYIBNBsIGRupMZPcgNoDbJpLu6gAJjIoIVPZtt1aJ1g==',
  'linux-aarch64':
    'sha512-4BXmsSKnjOrlGWqZV4x/oWa7AVoR+B6lCXddMzOAXBIm3t50eslg9wb66gmtW1AamEQ1l1CDvmmruysEhqOWMg==',
  'darwin-x64':
    'sha512-qkLPMGHZM9NI6CeHTWwVezzmlo6cC4Ta7yUAjYIWXS366qQcOlcp75t2uZyiuVRBMPS0h9qE0tCcvCHGaFqjJg==',
  'darwin-aarch64':
    'sha512-4MIFXHmctH2EhAxLXm2/qxNtv17dFtLJylvaOCsrgq6KSqHTs6eW5YSrJjRbJxYUJaR901fsN8JfZOa+CsWpWQ==',
};

/** The folder of this project. */
export const root = fileURLToPath(new URL('../../', import.meta.url));

/**
 * The Bun executable for this platform, fetched from npm into `.bun` if it is missing. It is no dependency, so that nobody
 * who installs pkarrd has to download it.
 * @throws Error that says what to do when it cannot be fetched or run.
 */
export function bunProgram(): string {
  const platform = `${process.platform}-${process.arch === 'arm64' ? 'aarch64' : process.arch}`;
  const integrity = integrities[platform];
  if (integrity === undefined) {
    const known = Object.keys(integrities).join(', ');
    throw new Error(`Bun is available for ${known}, not for ${platform}; run pkarrd on Node here.`);
  }
  const name = `@oven/bun-${platform}`;
  const folder = join(root, '.bun', VERSION);
  const program = join(folder, 'node_modules', name, 'bin', 'bun');
  if (!existsSync(program)) fetchFromNpm(folder, `${name}@${VERSION}`);
  const lock = readFileSync(join(folder, 'node_modules', '.package-lock.json'), 'utf8');
  if (!lock.includes(integrity)) {
    throw new Error(
      `${folder} contains another build than the tested ${name} ${VERSION}; remove it and try again.`,
    );
  }
  const { error, status, signal, stdout } = spawnSync(program, ['--version'], { encoding: 'utf8' });
  if (error !== undefined || status !== 0 || stdout.trim() !== VERSION) {
    throw new Error(`${program} does not run on this machine: ${error?.message ?? signal ?? stdout}.`);
  }
  return program;
}

function fetchFromNpm(folder: string, spec: string): void {
  console.error(`Fetching ${spec} from npm (100 MB, once) …`);
  mkdirSync(folder, { recursive: true });
  // A project of its own, so that npm does not touch the packages of this one.
  writeFileSync(join(folder, 'package.json'), '{ "private": true }\n');
  const words = ['install', '--no-save', '--ignore-scripts', '--no-audit', '--no-fund', spec];
  const { error, status, stderr } = spawnSync('npm', words, { cwd: folder, encoding: 'utf8' });
  if (error === undefined && status === 0) return;
  const why = error?.message ?? stderr.trim();
  throw new Error(
    `${spec} cannot be fetched, and the one-file binary cannot be built without it.\nnpm says: ${why}`,
  );
}
