import { Type } from '../dns/codes.ts';
import { decodeMessage } from '../dns/message.ts';
import type { ResourceRecord } from '../dns/record.ts';
import { WireError } from '../dns/wire-error.ts';
import { type PackedReply, packMessage } from './packed-reply.ts';

/**
 * The reply for queries without DO, made from one for queries with DO, its TTLs reduced by `age` seconds. RFC 4035 §3.2.1:
 * without DO a name server "MUST strip any authenticating DNSSEC RRs from the response, but MUST NOT strip any DNSSEC RR
 * types that the initiating query explicitly requested". Undefined when it is too long, with names uncompressed that must
 * not be compressed.
 */
export function withoutDnssec(reply: PackedReply, age: number): PackedReply | undefined {
  const message = decodeMessage(reply.bytes);
  const asked = message.questions[0]?.type;
  const strip = (records: readonly ResourceRecord[]) =>
    records
      .filter(({ type }) => type === asked || !authenticating.has(type))
      .map((record) => ({ ...record, ttl: Math.max(record.ttl - age, 0) }));
  const { rcode, authenticData, extendedErrors } = reply;
  const stripped = {
    ...message,
    answers: strip(message.answers),
    authorities: strip(message.authorities),
    additionals: strip(message.additionals),
  };
  try {
    return packMessage(stripped, { rcode, authenticData, extendedErrors });
  } catch (error) {
    if (error instanceof WireError && error.code === 'message-too-long') return undefined;
    throw error;
  }
}

const authenticating: ReadonlySet<number> = new Set([Type.RRSIG, Type.NSEC, Type.NSEC3]);
