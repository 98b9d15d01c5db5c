import { Rcode } from '../dns/codes.ts';
import { HEADER_LENGTH } from '../dns/message.ts';
import { lowerOctet } from './request.ts';

/**
 * What can be wrong with a datagram or frame that arrives where a reply is expected. A closed list.
 *
 * - `short`: under 12 octets.
 * - `not-a-reply`: QR is 0, or the OPCODE is not QUERY.
 * - `id`: the ID of another query.
 * - `question`: not the question that was asked.
 * - `case`: the question that was asked, in another case.
 * - `malformed`: ID and question match, and the rest is not a valid DNS message.
 */
export type WrongReply = 'short' | 'not-a-reply' | 'id' | 'question' | 'case' | 'malformed';

/** `bare-error`: a header alone that says FORMERR or NOTIMP, as old servers answer what they cannot read. */
export type ReplyMatch = 'match' | 'bare-error' | Exclude<WrongReply, 'malformed'>;

/**
 * Compares a reply with the query it may answer. RFC 5452 §9.1: "A resolver implementation MUST match responses to
 * all of the following attributes of the query: source address, destination address, source port, destination port,
 * query ID, query name, query class, query type". Addresses and ports are the connected socket's business.
 * `questionEnd` is the offset after the query's question.
 */
export function matchReply(query: Uint8Array, questionEnd: number, reply: Uint8Array): ReplyMatch {
  if (reply.length < HEADER_LENGTH) return 'short';
  const flags = reply[2] as number;
  if ((flags & 0x80) === 0 || (flags & 0x78) !== 0) return 'not-a-reply';
  if (reply[0] !== query[0] || reply[1] !== query[1]) return 'id';
  const questionCount = ((reply[4] as number) << 8) | (reply[5] as number);
  if (questionCount === 0 && reply.length === HEADER_LENGTH) {
    const rcode = (reply[3] as number) & 15;
    return rcode === Rcode.FORMERR || rcode === Rcode.NOTIMP ? 'bare-error' : 'question';
  }
  if (questionCount !== 1 || reply.length < questionEnd) return 'question';
  let match: ReplyMatch = 'match';
  for (let i = HEADER_LENGTH; i < questionEnd; i++) {
    const got = reply[i] as number;
    const sent = query[i] as number;
    if (got === sent) continue;
    // QTYPE and QCLASS have no case.
    if (i >= questionEnd - 4 || lowerOctet(got) !== lowerOctet(sent)) return 'question';
    match = 'case';
  }
  return match;
}

/** Counts of wrong replies, all zero. */
export function noWrongReplies(): Record<WrongReply, number> {
  return { short: 0, 'not-a-reply': 0, id: 0, question: 0, case: 0, malformed: 0 };
}
