import { readFileSync } from 'node:fs';

/** Defined by the builds, which have no package.json beside the program. */
declare const PKARRD_VERSION: string | undefined;

/** The version of this program, for example `0.1.0`. */
export function programVersion(): string {
  if (typeof PKARRD_VERSION === 'string') return PKARRD_VERSION;
  const file = readFileSync(new URL('../../../package.json', import.meta.url), 'utf8');
  const { version } = JSON.parse(file) as { readonly version: string };
  return version;
}
