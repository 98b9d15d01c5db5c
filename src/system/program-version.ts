import { readFileSync } from 'node:fs';

/** Put in by the build of the one-file binary, which has no package.json beside it. */
declare const PKARRD_VERSION: string | undefined;

/** The version of this program, for example `0.1.0`. */
export function programVersion(): string {
  if (typeof PKARRD_VERSION === 'string') return PKARRD_VERSION;
  const file = readFileSync(new URL('../../../package.json', import.meta.url), 'utf8');
  const { version } = JSON.parse(file) as { readonly version: string };
  return version;
}
