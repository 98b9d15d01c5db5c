import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

/** The folder of the compiled tests. */
export const testFolder = fileURLToPath(new URL('..', import.meta.url));

/** All compiled test files, or those whose path contains one of the words. Exits with 1 if there are none. */
export function testFiles(words: readonly string[], which: 'here' | 'booted' = 'here'): readonly string[] {
  const files = readdirSync(testFolder, { recursive: true, encoding: 'utf8' })
    .filter((file) => file.endsWith('.test.js'))
    // Those below `booted` boot a machine: they need root and take longer.
    .filter((file) => file.startsWith('booted/') === (which === 'booted'))
    .filter((file) => words.length === 0 || words.some((word) => file.includes(word)))
    .sort()
    .map((file) => join(testFolder, file));
  if (files.length === 0) {
    console.error(`No test file has a path that contains ${words.join(' or ')}.`);
    process.exit(1);
  }
  return files;
}
