import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { root } from './bun.ts';

/** What is read of the manifest of a package. */
interface Manifest {
  readonly name: string;
  readonly version: string;
  readonly license: string;
  readonly author?: string | { readonly name: string };
}

/**
 * The licenses of all packages that some of `files` belong to, as one text: whoever passes on a program that contains
 * them must pass on these too.
 * @param files Paths from the root of the project, as esbuild names its inputs.
 * @throws Error when a package has neither the text of its license nor a license whose text is known here.
 */
export function licensesOf(files: readonly string[]): string {
  const folders = new Set(files.map(packageFolder).filter((folder) => folder !== undefined));
  const texts = [...folders].sort().map((folder) => {
    const manifest = JSON.parse(readFileSync(join(root, folder, 'package.json'), 'utf8')) as Manifest;
    const { name, version, license } = manifest;
    return `${name} ${version} (${license})\n\n${licenseText(folder, manifest).trim()}\n`;
  });
  return ['pkarrd contains these packages, each under its own license.\n', ...texts].join(
    `\n${'-'.repeat(80)}\n\n`,
  );
}

/** The folder of the package that a file belongs to; undefined for a file of this project. */
function packageFolder(file: string): string | undefined {
  return /^.*node_modules\/(?:@[^/]+\/)?[^/]+(?=\/)/.exec(file)?.[0];
}

function licenseText(folder: string, { name, license, author = 'its authors' }: Manifest): string {
  const file = readdirSync(join(root, folder)).find((entry) => /^(?:license|licence|copying)\b/i.test(entry));
  if (file !== undefined) return readFileSync(join(root, folder, file), 'utf8');
  if (license !== 'MIT')
    throw new Error(`${name} has no license file, and the text of ${license} is not known.`);
  // The package states the license and leaves out its text; ours is the same one, with another name in it.
  const owner = typeof author === 'string' ? author : author.name;
  return readFileSync(join(root, 'LICENSE'), 'utf8').replace(/^Copyright.*$/m, `Copyright (c) ${owner}`);
}
