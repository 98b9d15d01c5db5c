import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { test } from 'node:test';
import { shellWord } from '../../../src/system/commands/shell-word.ts';

test('a name that is pasted into a shell is a name there, whatever is in it', () => {
  for (const name of [
    'www.example.',
    '`id`.example.',
    'a|id|.b.',
    "it's.b.",
    '*.b.',
    'a&b>c.',
    '\\036(id\\).b.',
    '!x.b.',
  ])
    assert.equal(execFileSync('sh', ['-c', `printf %s ${shellWord(name)}`], { encoding: 'utf8' }), name);
  assert.equal(shellWord('_a.b-c.example.'), '_a.b-c.example.');
});
