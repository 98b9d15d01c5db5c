import assert from 'node:assert/strict';
import { closeSync, fstatSync, openSync } from 'node:fs';
import { test } from 'node:test';
import { isJournal } from '../../../src/system/notify/journal-stream.ts';

test('a descriptor goes to the journal when device and inode are those of the variable', () => {
  const descriptor = openSync('/dev/null', 'r');
  try {
    const { dev, ino } = fstatSync(descriptor);
    assert.equal(isJournal(descriptor, { JOURNAL_STREAM: `${dev}:${ino}` }), true);
    assert.equal(isJournal(descriptor, { JOURNAL_STREAM: `${dev}:${ino + 1}` }), false);
    assert.equal(isJournal(descriptor, { JOURNAL_STREAM: '' }), false);
    assert.equal(isJournal(descriptor, {}), false);
  } finally {
    closeSync(descriptor);
  }
});
