import { createHash } from 'node:crypto';
import type { IncomingHttpHeaders } from 'node:http';
import type { Timestamp } from '../../pkarr/timestamp.ts';

/** Hexadecimal digits of the hash: two packets of one key with one timestamp are rare, and differ in these. */
const HASH_DIGITS = 8;

/** The validator of a packet: its timestamp in microseconds, which a date cannot tell, and of its octets so many as tell them apart. */
export function etagOf(timestamp: Timestamp, payload: Uint8Array): string {
  const hash = createHash('sha256').update(payload).digest('hex').slice(0, HASH_DIGITS);
  return `"${timestamp}-${hash}"`;
}

/**
 * Whether a client has this packet, or a newer one: 304. RFC 9110 §13.2.2: `If-Modified-Since` counts only without `If-None-Match`.
 * As with pkarr-relay, the date is compared with the timestamp to the microsecond, so that what is newer by less than a second is
 * sent. §13.1.3: "A recipient MUST ignore the If-Modified-Since header field if the received field value is not a valid HTTP-date".
 */
export function isNotModified(headers: IncomingHttpHeaders, etag: string, timestamp: Timestamp): boolean {
  const { 'if-none-match': tags, 'if-modified-since': since } = headers;
  if (tags !== undefined) return tags.trim() === '*' || tags.split(',').some((tag) => opaque(tag) === etag);
  const date = since === undefined || !HTTP_DATE.test(since) ? Number.NaN : Date.parse(since);
  return !Number.isNaN(date) && timestamp <= BigInt(date) * 1000n;
}

/** RFC 9110 §5.6.7: `IMF-fixdate`. Its two obsolete forms are sent by nobody who asks a relay, and count as no date. */
const HTTP_DATE = /^(?:Mon|Tue|Wed|Thu|Fri|Sat|Sun), \d{2} [A-Z][a-z]{2} \d{4} \d{2}:\d{2}:\d{2} GMT$/;

/** RFC 9110 §13.1.2: a weak comparison. */
function opaque(tag: string): string {
  return tag.trim().replace(/^W\//, '');
}
