import { join } from 'node:path';
import { root } from '../../support/installed-package.ts';

/** The program in one of its two forms. */
export interface Program {
  readonly name: string;
  /** The words that start it. */
  readonly words: readonly string[];
  /** For the `skip` of a test. */
  readonly skip: string | false;
}

export const onNode: Program = {
  name: 'Node',
  words: [process.execPath, join(root, 'dist/program/main.js')],
  skip: false,
};
