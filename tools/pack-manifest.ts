/**
 * Replaces package.json by the manifest of what is packed, for `npm pack`, and restores it afterwards (`--restore`). The
 * program is built already and contains its packages: whoever installs it needs no dependency and runs no script. npm has
 * no setting for this; it packs the package.json that it finds after `prepack`.
 */
import { copyFileSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { root } from './bun.ts';

/** Fields that a package needs to be found, installed and run. */
const FIELDS = [
  'name',
  'version',
  'description',
  'license',
  'type',
  'engines',
  'bin',
  'exports',
  'man',
  'files',
] as const;

const manifest = join(root, 'package.json');
/** The manifest of the repository meanwhile. If `npm pack` is interrupted, `git checkout package.json` restores it. */
const kept = join(root, 'dist', 'package.json');

if (process.argv.includes('--restore')) {
  renameSync(kept, manifest);
} else {
  const whole = JSON.parse(readFileSync(manifest, 'utf8')) as Record<string, unknown>;
  copyFileSync(manifest, kept);
  const packed = Object.fromEntries(FIELDS.map((field) => [field, whole[field]]));
  writeFileSync(manifest, `${JSON.stringify(packed, undefined, 2)}\n`);
}
