/**
 * Gives `npm pack` the manifest of what is installed instead of the one of the repository, and puts that back afterwards
 * (`--restore`). The program contains its packages and is built already: whoever installs it needs no dependency and
 * runs no script. npm has no setting for this: it packs the package.json that it finds after `prepack`.
 */
import { copyFileSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { root } from './bun.ts';

/** Fields that a package needs to be found, installed and run. */
const FIELDS = ['name', 'version', 'description', 'license', 'type', 'engines', 'bin', 'files'] as const;

const manifest = join(root, 'package.json');
/** Where the manifest of the repository is meanwhile. A pack that was interrupted leaves it there, and in git. */
const kept = join(root, 'dist', 'package.json');

if (process.argv.includes('--restore')) {
  renameSync(kept, manifest);
} else {
  const whole = JSON.parse(readFileSync(manifest, 'utf8')) as Record<string, unknown>;
  copyFileSync(manifest, kept);
  const packed = Object.fromEntries(FIELDS.map((field) => [field, whole[field]]));
  writeFileSync(manifest, `${JSON.stringify(packed, undefined, 2)}\n`);
}
