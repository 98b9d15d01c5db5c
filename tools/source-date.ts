import { spawnSync } from 'node:child_process';
import { statSync } from 'node:fs';
import { join } from 'node:path';
import { root } from './bun.ts';

/**
 * The date of what is built, so that the same source gives the same bytes: SOURCE_DATE_EPOCH
 * (https://reproducible-builds.org/specs/source-date-epoch/), else that of the commit, else that of package.json.
 */
export function sourceDate(): Date {
  const { SOURCE_DATE_EPOCH: given } = process.env;
  if (given !== undefined && /^\d{1,11}$/.test(given)) return new Date(Number(given) * 1000);
  const { status, stdout } = spawnSync('git', ['log', '-1', '--format=%ct'], { cwd: root, encoding: 'utf8' });
  if (status === 0 && /^\d+\n$/.test(stdout)) return new Date(Number(stdout) * 1000);
  return statSync(join(root, 'package.json')).mtime;
}
