import { join } from 'node:path';
import { root } from '../../support/installed-package.ts';

/** The program in one of its forms. */
export interface Program {
  readonly name: string;
  /** The words that start it. */
  readonly words: readonly string[];
}

export const onNode: Program = {
  name: 'Node',
  words: [process.execPath, join(root, 'dist/program/main.js')],
};

const { TEST_BINARY } = process.env;

/** Its forms; the one file only where it is named, for what lies in `dist` may be old. */
export const programs: readonly Program[] = [
  onNode,
  ...(TEST_BINARY === undefined ? [] : [{ name: 'the one file', words: [TEST_BINARY] }]),
];
if (TEST_BINARY === undefined) console.log('# SKIPPED: the one file, for TEST_BINARY does not name it.');
