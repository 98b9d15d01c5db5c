import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

/** The folder of the compiled tests. */
export const testFolder = fileURLToPath(new URL('..', import.meta.url));

/** Where tests run: here, on machines that they boot, or with browsers on a machine of their own. The last two need root. */
export type Place = 'here' | 'booted' | 'browsers';

/** All compiled test files of a place, or those whose path contains one of the words. Exits with 1 if there are none. */
export function testFiles(words: readonly string[], place: Place = 'here'): readonly string[] {
  const placeOf = (file: string): Place => {
    const [folder = ''] = file.split('/');
    return folder === 'booted' || folder === 'browsers' ? folder : 'here';
  };
  const files = readdirSync(testFolder, { recursive: true, encoding: 'utf8' })
    .filter((file) => file.endsWith('.test.js'))
    .filter((file) => placeOf(file) === place)
    .filter((file) => words.length === 0 || words.some((word) => file.includes(word)))
    .sort()
    .map((file) => join(testFolder, file));
  if (files.length === 0) {
    console.error(`No test file has a path that contains ${words.join(' or ')}.`);
    process.exit(1);
  }
  return files;
}
