import { readFileSync } from 'node:fs';
import { join } from 'node:path';

/** The vectors in `test/vectors/NAME.json`; tests run from the repository's root. */
export function readVectors<T>(name: string): T {
  return JSON.parse(readFileSync(join('test', 'vectors', `${name}.json`), 'utf8')) as T;
}
