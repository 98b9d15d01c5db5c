import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { test } from 'node:test';
import { fileReason } from '../../src/files/file-reason.ts';
import { FileError } from '../../src/files/read-file.ts';

/** What a call threw. */
function thrown(call: () => unknown): unknown {
  try {
    call();
  } catch (error) {
    return error;
  }
  assert.fail('it did not fail');
}

test('why a file cannot be used is a clause for people, without the call, its code and the path', () => {
  for (const [error, clause] of [
    [thrown(() => readFileSync('/')), 'it is a directory'],
    [thrown(() => readFileSync('/nonexistent/x')), 'there is no such file or directory'],
    [thrown(() => readdirSync('/etc/passwd')), 'a part of the path is no directory'],
    [Object.assign(new Error("EPERM: …, rename 'a'"), { code: 'EPERM' }), 'the system does not permit it'],
    [
      new FileError('denied', 'the permissions do not allow reading it'),
      'the permissions do not allow reading it',
    ],
    [Object.assign(new Error('EIO: i/o error, write'), { code: 'EIO' }), 'EIO: i/o error, write'],
  ] as const)
    assert.equal(fileReason(error), clause);
});
