import assert from 'node:assert/strict';
import { test } from 'node:test';
import { coloursOf } from '../../src/cli/colours.ts';

/** Whether text is in colour where standard output is a terminal or not, with these variables. */
function isColoured(outIsTerminal: boolean, environment: Readonly<Record<string, string>>): boolean {
  const terminal = { outIsTerminal, machine: { environment, isRoot: false, home: undefined } };
  return coloursOf(terminal).red('x') !== 'x';
}

for (const [environment, onTerminal, elsewhere] of [
  [{}, true, false],
  [{ TERM: 'xterm-256color' }, true, false],
  [{ TERM: 'dumb' }, false, false],
  [{ NO_COLOR: '1' }, false, false],
  [{ NO_COLOR: '' }, true, false],
  [{ CLICOLOR: '0' }, false, false],
  [{ CLICOLOR: '1' }, true, false],
  [{ CLICOLOR_FORCE: '1' }, true, true],
  [{ CLICOLOR_FORCE: '0' }, true, false],
  [{ CLICOLOR_FORCE: '1', CLICOLOR: '0', TERM: 'dumb' }, true, true],
  [{ CLICOLOR_FORCE: '1', NO_COLOR: '1' }, false, false],
] as const) {
  test(`colours with ${JSON.stringify(environment)}`, () => {
    assert.deepEqual(
      [isColoured(true, environment), isColoured(false, environment)],
      [onTerminal, elsewhere],
    );
  });
}
