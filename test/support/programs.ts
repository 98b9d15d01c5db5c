import { join, resolve } from 'node:path';
import { describe, test } from 'node:test';
import { root } from './installed-package.ts';

/** The program in one of its forms. */
export interface Program {
  readonly name: string;
  /** The words that start it; `program` of `CommandOptions`. */
  readonly words: readonly string[];
  /** For the `skip` of its tests. */
  readonly skip: string | false;
}

/** Compiled for this runtime: Node, or Bun in `npm run test:bun`. */
export const onNode: Program = {
  name: 'bun' in process.versions ? 'Bun' : 'Node',
  words: [process.execPath, join(root, 'dist/program/main.js')],
  skip: false,
};

const { TEST_BINARY = '' } = process.env;

/** The one file, only where it is named, for what lies in `dist` may be old. `npm run test:bun` names what it has just built. */
export const theOneFile: Program = {
  name: 'the one file',
  // A test may have a working directory of its own.
  words: [TEST_BINARY === '' ? '' : resolve(TEST_BINARY)],
  skip: TEST_BINARY === '' && 'TEST_BINARY does not name the one file, which npm run build:binary makes',
};

/** Both forms. A test of a command runs with each. */
export const programs: readonly Program[] = [onNode, theOneFile];

/** The form for tests that are too long to run twice: the one file where there is one. */
export const mainProgram: Program = theOneFile.skip === false ? theOneFile : onNode;

/** Groups tests of commands, once for each form of the program; `options` are those of the commands. */
export function onEachProgram(tests: (options: { readonly program: readonly string[] }) => void): void {
  for (const { name, words, skip } of programs) {
    if (skip === false) describe(`on ${name}`, () => tests({ program: words }));
    else test(`on ${name}`, { skip }, () => {});
  }
}
