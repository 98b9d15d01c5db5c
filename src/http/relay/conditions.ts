import { createHash } from 'node:crypto';
import type { Timestamp } from '../../pkarr/timestamp.ts';
import { secondOf } from '../../relay/http-date.ts';
import type { Conditions } from '../calls/relay-calls.ts';

/** Hexadecimal digits of the hash: two packets of one key with one timestamp are rare, and differ in these. */
const HASH_DIGITS = 8;

/** The validator of a packet: its timestamp in microseconds, which a date cannot tell, and of its octets so many as tell them apart. */
export function etagOf(timestamp: Timestamp, payload: Uint8Array): string {
  const hash = createHash('sha256').update(payload).digest('hex').slice(0, HASH_DIGITS);
  return `"${timestamp}-${hash}"`;
}

/** Those of a request that changes something; undefined when there are none. §13.1.3: `If-Modified-Since` is for GET and HEAD alone. */
export function putConditions(headers: Conditions): Conditions | undefined {
  const names = ['if-match', 'if-unmodified-since', 'if-none-match'] as const;
  const sent = names.filter((name) => headers[name] !== undefined);
  return sent.length === 0 ? undefined : Object.fromEntries(sent.map((name) => [name, headers[name]]));
}

/** What is here. */
export interface Validators {
  readonly etag: string;
  readonly timestamp: Timestamp;
}

/**
 * - `met`: the request is done.
 * - `other-packet`: what is here is not what the client wants it to be: 412.
 * - `has-it`: the client has what is here, or a newer one, or wants that there is nothing: 304 to GET and HEAD, else 412.
 */
export type ConditionVerdict = 'met' | 'other-packet' | 'has-it';

/**
 * Judges conditions in the order of RFC 9110 §13.2.2, in which a date counts only without tags. What is no date is no condition.
 *
 * `If-Modified-Since` is compared with the timestamp to the microsecond, as pkarr-relay does it, so that what is newer by less than
 * a second is sent. `If-Unmodified-Since`, which pkarr-relay does not look at, is compared to the second, which is all that clients
 * know from `Last-Modified`, or send of what they know: to the microsecond no condition would ever be met. `If-Match` is exact.
 *
 * @param here undefined when nothing is published.
 * @param nowWall milliseconds since 1970, for dates whose year has two digits.
 */
export function judgeConditions(
  conditions: Conditions,
  here: Validators | undefined,
  nowWall: number,
): ConditionVerdict {
  const {
    'if-match': match,
    'if-unmodified-since': unmodifiedSince,
    'if-none-match': noneMatch,
    'if-modified-since': modifiedSince,
  } = conditions;
  const since = (date: string | undefined) => (date === undefined ? undefined : secondOf(date, nowWall));
  if (match !== undefined) {
    if (!isNamed(match, here, 'strong')) return 'other-packet';
  } else {
    const second = since(unmodifiedSince);
    // §13.1.4: ignored where there is no date to compare with.
    if (here !== undefined && second !== undefined && here.timestamp >= BigInt(second + 1) * 1_000_000n)
      return 'other-packet';
  }
  if (noneMatch !== undefined) return isNamed(noneMatch, here, 'weak') ? 'has-it' : 'met';
  const second = since(modifiedSince);
  return here !== undefined && second !== undefined && here.timestamp <= BigInt(second) * 1_000_000n
    ? 'has-it'
    : 'met';
}

/** Whether a list of tags, or `*`, has what is here. RFC 9110 §8.8.3.2: a weak tag is equal in the weak comparison alone. */
function isNamed(tags: string, here: Validators | undefined, comparison: 'weak' | 'strong'): boolean {
  if (here === undefined) return false;
  if (tags.trim() === '*') return true;
  const listed = tags.match(TAG) ?? [];
  return listed.some((tag) => (comparison === 'weak' ? tag.replace(/^W\//, '') : tag) === here.etag);
}

/** RFC 9110 §8.8.3: `entity-tag`, in which a comma may be. */
const TAG = /(?:W\/)?"[^"]*"/g;
