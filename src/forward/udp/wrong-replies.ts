import { UpstreamFailure } from '../errors.ts';

/**
 * After this many wrong replies to one query, or on one socket, somebody is probably spoofing, and what is outstanding there is
 * asked over TCP: RFC 5452 §9.3 asks to watch for this and to "abandon the UDP query".
 */
export const MAX_WRONG_REPLIES = 16;

/** The failure of what was given up for that. */
export function spoofed(): UpstreamFailure {
  return new UpstreamFailure(
    'spoofed',
    `was given up after ${MAX_WRONG_REPLIES} wrong replies, which may be spoofed`,
  );
}
