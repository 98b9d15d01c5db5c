import assert from 'node:assert/strict';
import { test } from 'node:test';
import { isNotModified } from '../../../src/http/relay/conditions.ts';
import type { Timestamp } from '../../../src/pkarr/timestamp.ts';

test('a date that is none in HTTP is no condition', () => {
  const timestamp = 1_764_000_000_000_000n as Timestamp;
  const ask = (since: string) => isNotModified({ 'if-modified-since': since }, '"x"', timestamp);
  assert.equal(ask('Thu, 01 Jan 2099 00:00:00 GMT'), true);
  assert.equal(ask('Thu, 01 Jan 2015 00:00:00 GMT'), false);
  for (const none of [
    '2099',
    '99999',
    'x 2099',
    '(c) 2099',
    '2099-01-01T00:00:00Z',
    'Thu, 99 Abc 2099 00:00:00 GMT',
  ])
    assert.equal(ask(none), false, none);
});
