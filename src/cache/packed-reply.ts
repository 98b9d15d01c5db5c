import { Rcode } from '../dns/codes.ts';
import type { ExtendedError } from '../dns/extended-error.ts';
import { type MessageLayout, readLayout } from '../dns/layout.ts';
import { encodeMessage, type Message } from '../dns/message.ts';

/**
 * A reply as bytes, complete but for what differs from client to client: the ID, the case of the question, RD, CD
 * and AD, how far the TTLs have run down, the OPT record and the size limit.
 */
export interface PackedReply {
  /** ID 0, QR and RA set, RD, CD and TC clear, one question, no OPT; at most 65,535 octets. */
  readonly bytes: Uint8Array;
  /** Offset after the question. */
  readonly questionEnd: number;
  /** Offsets of the TTL fields. */
  readonly ttlOffsets: readonly number[];
  /** 0 to 4,095. */
  readonly rcode: number;
  /** The AD bit may be shown to those who ask for it. */
  readonly authenticData: boolean;
  readonly extendedErrors: readonly ExtendedError[];
  /** Seconds that this reply may be kept; 0 when it may not. */
  readonly lifetime: number;
}

/** RFC 2308 §5: "Values of one to three hours have been found to work well"; ours is shorter, for laptops that move. */
const MAX_NEGATIVE_LIFETIME = 900;

/** RFC 2181 §8 leaves an upper bound to the implementation; a day is what Unbound keeps. */
const MAX_LIFETIME = 86_400;

/**
 * How long a reply may be kept, in seconds. Positive answers: their smallest TTL. Negative ones: by the SOA, and not
 * at all without one (RFC 2308 §5: "Negative responses without SOA records SHOULD NOT be cached as there is no way to
 * prevent the negative responses looping forever between a pair of servers"). Every other RCODE: not at all.
 */
function replyLifetime(rcode: number, answerCount: number, layout: MessageLayout): number {
  const { minimumTtl, negativeTtl } = layout;
  if (rcode !== Rcode.NOERROR && rcode !== Rcode.NXDOMAIN) return 0;
  const positive = rcode === Rcode.NOERROR && answerCount > 0;
  if (positive && negativeTtl === undefined) return Math.min(minimumTtl ?? 0, MAX_LIFETIME);
  // Also an alias that ends in nothing: the SOA speaks of its last name, the CNAMEs have TTLs of their own.
  return Math.min(negativeTtl ?? 0, minimumTtl ?? 0, MAX_NEGATIVE_LIFETIME);
}

/** What a packed reply is made from, beside its bytes. */
export interface ReplyFacts {
  readonly rcode: number;
  readonly authenticData: boolean;
  readonly extendedErrors: readonly ExtendedError[];
  /** An upper bound for the lifetime, in seconds, when the source knows one. */
  readonly maxLifetime?: number;
}

/**
 * Packs a message that has no OPT record, flags as its source set them.
 * `layout` must be that of `bytes`. The bytes are taken over and changed.
 */
export function packReply(bytes: Uint8Array, layout: MessageLayout, facts: ReplyFacts): PackedReply {
  const flags = bytes[2] as number;
  for (const offset of layout.ttlOffsets) {
    // RFC 2181 §8: a TTL with the highest bit set counts as zero, so it goes out as zero too.
    if ((bytes[offset] as number) > 0x7f) bytes.fill(0, offset, offset + 4);
  }
  const answerCount = ((bytes[6] as number) << 8) | (bytes[7] as number);
  bytes[0] = 0;
  bytes[1] = 0;
  // QR and AA are kept; OPCODE is QUERY; TC and RD are decided for each client.
  bytes[2] = 0x80 | (flags & 0x04);
  bytes[3] = 0x80 | (facts.rcode & 15);
  return {
    bytes,
    questionEnd: layout.questionEnd,
    ttlOffsets: layout.ttlOffsets,
    rcode: facts.rcode,
    authenticData: facts.authenticData,
    extendedErrors: facts.extendedErrors,
    lifetime: Math.min(replyLifetime(facts.rcode, answerCount, layout), facts.maxLifetime ?? MAX_LIFETIME),
  };
}

/** Packs a message that is a value. @throws WireError when it has no wire form. */
export function packMessage(message: Message, facts: ReplyFacts): PackedReply {
  const { edns: _, ...withoutEdns } = message;
  const bytes = encodeMessage(withoutEdns);
  return packReply(bytes, readLayout(bytes), facts);
}
