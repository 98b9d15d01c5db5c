import { MAX_SEQ } from '../bep44/mutable-item.ts';

/** Microseconds since 1970-01-01 UTC, 0 to 2^63 − 1: the `seq` of BEP 44. */
export type Timestamp = bigint;

/** The largest timestamp. */
export const MAX_TIMESTAMP: Timestamp = MAX_SEQ;

/**
 * The timestamp for an author's next packet: `now`, or one microsecond after `previous` if the clock has not passed it, so
 * that a packet is always newer than the one before.
 * @throws RangeError if `previous` is the largest timestamp.
 */
export function nextTimestamp(now: Timestamp, previous?: Timestamp): Timestamp {
  const next = previous !== undefined && previous >= now ? previous + 1n : now;
  if (next < 0n || next > MAX_TIMESTAMP) throw new RangeError(`No timestamp follows ${previous ?? now}.`);
  return next;
}
