import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { exitCodesText, type Terminal } from '../../src/cli/command.ts';
import { programHelp } from '../../src/cli/help.ts';
import { run } from '../../src/cli/run.ts';

test('an internal error ends a command with 70 and its stack', async () => {
  let err = '';
  const terminal: Terminal = {
    out: () => {
      throw new TypeError('out of order');
    },
    err: (text) => {
      err += text;
    },
    errIsTerminal: false,
    errIsJournal: false,
    machine: { environment: {}, isRoot: false, home: undefined },
    now: () => 0,
  };
  assert.equal(await run(['--version'], terminal), 70);
  assert.match(err, /^pkarrd: internal error, please report it: TypeError: out of order\n +at /);
});

test('help and README list the exit codes', () => {
  assert.equal(
    exitCodesText,
    'Exit codes: 0 success, 1 failure, 2 invalid usage or configuration, 3 no running pkarrd to ask, 70 internal error.',
  );
  assert.ok(programHelp().includes(`\n${exitCodesText}\n`));
  const readme = readFileSync(new URL('../../../README.md', import.meta.url), 'utf8');
  assert.ok(readme.replaceAll('\n', ' ').includes(exitCodesText));
});
