import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Conditions } from '../../../src/http/calls/relay-calls.ts';
import { judgeConditions, putConditions } from '../../../src/http/relay/conditions.ts';
import type { Timestamp } from '../../../src/pkarr/timestamp.ts';

/** Signed at 2025-11-24T16:00:00.5Z. */
const here = { etag: '"a"', timestamp: 1_764_000_000_500_000n as Timestamp };
const now = 1_764_100_000_000;
const [before, same, after] = [-1, 0, 1].map((seconds) =>
  new Date(1_764_000_000_000 + seconds * 1000).toUTCString(),
) as [string, string, string];

/** Conditions, and what comes of them where the packet is and where nothing is. */
const cases: readonly (readonly [Conditions, string, string])[] = [
  [{}, 'met', 'met'],
  [{ 'if-match': '"a"' }, 'met', 'other-packet'],
  [{ 'if-match': ' "b" ,"a"' }, 'met', 'other-packet'],
  [{ 'if-match': '*' }, 'met', 'other-packet'],
  [{ 'if-match': '"b"' }, 'other-packet', 'other-packet'],
  // A weak tag is never equal in the strong comparison, and a tag may have a comma in it.
  [{ 'if-match': 'W/"a"' }, 'other-packet', 'other-packet'],
  [{ 'if-match': '"x,"a","' }, 'other-packet', 'other-packet'],
  [{ 'if-match': 'rubbish' }, 'other-packet', 'other-packet'],
  [{ 'if-unmodified-since': before }, 'other-packet', 'met'],
  [{ 'if-unmodified-since': same }, 'met', 'met'],
  [{ 'if-unmodified-since': after }, 'met', 'met'],
  [{ 'if-unmodified-since': 'rubbish' }, 'met', 'met'],
  // The date counts only without the tags.
  [{ 'if-match': '"a"', 'if-unmodified-since': before }, 'met', 'other-packet'],
  [{ 'if-match': '"b"', 'if-unmodified-since': after }, 'other-packet', 'other-packet'],
  [{ 'if-none-match': '*' }, 'has-it', 'met'],
  [{ 'if-none-match': 'W/"a", "b"' }, 'has-it', 'met'],
  [{ 'if-none-match': '"b"' }, 'met', 'met'],
  [{ 'if-none-match': '"b"', 'if-modified-since': after }, 'met', 'met'],
  [{ 'if-modified-since': after }, 'has-it', 'met'],
  [{ 'if-modified-since': same }, 'met', 'met'],
  [{ 'if-modified-since': 'rubbish' }, 'met', 'met'],
  // What is to be there comes before what the client has.
  [{ 'if-match': '"b"', 'if-none-match': '"a"' }, 'other-packet', 'other-packet'],
  [{ 'if-match': '"a"', 'if-none-match': '"a"' }, 'has-it', 'other-packet'],
  [{ 'if-unmodified-since': before, 'if-modified-since': after }, 'other-packet', 'met'],
];

for (const [conditions, there, nothing] of cases)
  test(`${JSON.stringify(conditions)} is ${there} by the packet and ${nothing} by nothing`, () => {
    assert.equal(judgeConditions(conditions, here, now), there);
    assert.equal(judgeConditions(conditions, undefined, now), nothing);
  });

test('a PUT has three conditions, and most have none', () => {
  const all = { 'if-match': 'a', 'if-none-match': 'b', 'if-unmodified-since': 'c' };
  assert.deepEqual(putConditions({ ...all, 'if-modified-since': 'd' }), all);
  assert.equal(putConditions({ 'if-modified-since': 'd' }), undefined);
});
