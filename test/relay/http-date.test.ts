import assert from 'node:assert/strict';
import { test } from 'node:test';
import { secondOf } from '../../src/relay/http-date.ts';

const now = Date.UTC(2026, 10, 26);

test('the three formats of RFC 9110 §5.6.7 are read', () => {
  for (const date of [
    'Sun, 06 Nov 1994 08:49:37 GMT',
    'Sunday, 06-Nov-94 08:49:37 GMT',
    'Sun Nov  6 08:49:37 1994',
  ])
    assert.equal(secondOf(date, now), 784_111_777, date);
  assert.equal(secondOf('Sun Nov 16 08:49:37 1994', now), 784_975_777);
});

test('a year of two digits is at most 50 years ahead', () => {
  const yearOf = (digits: string) =>
    new Date((secondOf(`Sunday, 06-Nov-${digits} 08:49:37 GMT`, now) ?? 0) * 1000).getUTCFullYear();
  assert.deepEqual(['26', '76', '77', '00'].map(yearOf), [2026, 2076, 1977, 2000]);
});

test('what is no date is none', () => {
  for (const none of [
    '',
    '2099',
    'x 2099',
    '(c) 2099',
    '2099-01-01T00:00:00Z',
    'Thu, 99 Abc 2099 00:00:00 GMT',
    'Thu, 31 Feb 2099 00:00:00 GMT',
    'Thu, 01 Jan 2099 25:00:00 GMT',
    'Thu, 01 Jan 2099 00:00:00 +0100',
    'Thu, 01 Jan 2099 00:00:00 GMT ',
  ])
    assert.equal(secondOf(none, now), undefined, none);
});
