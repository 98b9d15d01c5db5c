import assert from 'node:assert/strict';
import { test } from 'node:test';
import { duration } from '../../src/observe/duration.ts';
import { ageToText, timestampToText } from '../../src/pkarr/timestamp-text.ts';

test('an age is rounded to its largest unit, not cut', () => {
  const now = 1_800_000_000_000;
  const age = (seconds: number) => ageToText(BigInt(now - seconds * 1000) * 1000n, now);
  for (const [seconds, text] of [
    [0, '0 seconds'],
    [1, '1 second'],
    [59, '59 seconds'],
    [60, '1 minute'],
    [89, '1 minute'],
    [90, '2 minutes'],
    [3599, '1 hour'],
    [5400, '2 hours'],
    [86_399, '1 day'],
    [47 * 3600, '2 days'],
    [364.9 * 86_400, '365 days'],
    [365.25 * 86_400, '1 year'],
    [-47 * 3600, "dated 2 days ahead of this machine's clock"],
  ] as const) {
    assert.equal(age(seconds), text);
  }
});

test('a duration is rounded to what is shown', () => {
  for (const [seconds, text] of [
    [0.4, '0 s'],
    [59.4, '59 s'],
    [59.6, '1 min'],
    [119, '2 min'],
    [3599, '1 h 0 min'],
    [2 * 3600 + 299, '2 h 5 min'],
    [86_399, '1 d 0 h'],
    [4 * 86_400 + 2.6 * 3600, '4 d 3 h'],
  ] as const) {
    assert.equal(duration(seconds), text);
  }
});

test('every timestamp has a date', () => {
  assert.equal(timestampToText(1_800_000_000_000_001n), '2027-01-15T08:00:00.000001Z');
  assert.equal(timestampToText(2n ** 63n - 1n), 'after the year 275760');
});
