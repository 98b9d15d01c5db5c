import { join } from 'node:path';
import { root } from '../../support/installed-package.ts';

/** The program in one of its forms. */
export interface Program {
  readonly name: string;
  /** The words that start it. */
  readonly words: readonly string[];
  /** For the `skip` of its tests. */
  readonly skip: string | false;
}

export const onNode: Program = {
  name: 'Node',
  words: [process.execPath, join(root, 'dist/program/main.js')],
  skip: false,
};

const { TEST_BINARY = '' } = process.env;

/** Both forms; the one file only where it is named, for what lies in `dist` may be old. */
export const programs: readonly Program[] = [
  onNode,
  {
    name: 'the one file',
    words: [TEST_BINARY],
    skip: TEST_BINARY === '' && 'TEST_BINARY does not name the one file, which npm run build:binary makes',
  },
];
