import { Rcode, Type } from '../dns/codes.ts';
import { HEADER_LENGTH } from '../dns/message.ts';
import { lowerOctet } from '../dns/wire-names.ts';

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

/** How a reply compares with the query that it may answer. */
export type ReplyMatch = 'match' | Exclude<WrongReply, 'malformed'>;

/**
 * Compares a reply with the query it may answer. RFC 5452 §9.1: "A resolver implementation MUST match responses to
 * all of the following attributes of the query: source address, destination address, source port, destination port,
 * query ID, query name, query class, query type". Addresses and ports are the connected socket's business.
 * `questionEnd` is the offset after the query's question.
 *
 * A failure matches without a question: old servers answer so what they cannot read, and Unbound those whom it refuses.
 */
export function matchReply(query: Uint8Array, questionEnd: number, reply: Uint8Array): ReplyMatch {
  if (reply.length < HEADER_LENGTH) return 'short';
  if (!isReplyHeader(reply)) return 'not-a-reply';
  if (reply[0] !== query[0] || reply[1] !== query[1]) return 'id';
  if (isWithoutQuestion(reply)) return isBareFailure(reply) ? 'match' : 'question';
  if (u16(reply, 4) !== 1 || reply.length < questionEnd) return 'question';
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

/** Whether QR is 1 and the OPCODE is QUERY, of a header. */
export function isReplyHeader(reply: Uint8Array): boolean {
  return ((reply[2] as number) & 0xf8) === 0x80;
}

/** Whether QDCOUNT is 0. */
export function isWithoutQuestion(reply: Uint8Array): boolean {
  return u16(reply, 4) === 0;
}

/**
 * Whether a reply without a question is a failure and nothing else: no records but an OPT. What a name has, or that it has
 * nothing, is not taken from such a reply, for nothing but the ID ties it to the query.
 */
function isBareFailure(reply: Uint8Array): boolean {
  if (u16(reply, 6) !== 0 || u16(reply, 8) !== 0) return false;
  const rcode = (reply[3] as number) & 15;
  if (rcode !== Rcode.NOERROR && rcode !== Rcode.NXDOMAIN) return true;
  // The upper bits of the RCODE stand in the OPT record (RFC 6891 §6.1.3), for example those of BADVERS.
  const hasOpt = u16(reply, 10) === 1 && reply.length >= HEADER_LENGTH + 11;
  return (
    hasOpt &&
    reply[HEADER_LENGTH] === 0 &&
    u16(reply, HEADER_LENGTH + 1) === Type.OPT &&
    reply[HEADER_LENGTH + 5] !== 0
  );
}

function u16(bytes: Uint8Array, at: number): number {
  return ((bytes[at] as number) << 8) | (bytes[at + 1] as number);
}

/** Counts of wrong replies, all zero. */
export function noWrongReplies(): Record<WrongReply, number> {
  return { short: 0, 'not-a-reply': 0, id: 0, question: 0, case: 0, malformed: 0 };
}
