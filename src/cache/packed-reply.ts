import { Rcode, Type } from '../dns/codes.ts';
import type { ExtendedError } from '../dns/extended-error.ts';
import { type MessageLayout, readLayout } from '../dns/layout.ts';
import { encodeMessage, type Message } from '../dns/message.ts';
import { readTtl } from '../dns/ttl.ts';
import { WireError } from '../dns/wire-error.ts';
import { inQuestionCase, pointAtQuestion } from './question-case.ts';

/**
 * A reply as bytes, complete except for what depends on the client: the ID, the case of the question, RD, CD and AD, the
 * age of the TTLs, the OPT record and the size limit. Owner names equal to the question's are compression pointers to it,
 * and so have its case.
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
  /** Seconds that this reply may be cached; 0 for not at all. */
  readonly lifetime: number;
}

/** RFC 2308 §5: "Values of one to three hours have been found to work well"; ours is shorter, for laptops that move. */
const MAX_NEGATIVE_LIFETIME = 900;

/** RFC 2181 §8 leaves an upper bound to the implementation; Unbound's is a day too. */
const MAX_LIFETIME = 86_400;

/** What a packed reply is made from, apart from its bytes. */
export interface ReplyFacts {
  readonly rcode: number;
  readonly authenticData: boolean;
  readonly extendedErrors: readonly ExtendedError[];
}

/**
 * Packs a message without an OPT record. `layout` must be that of `bytes`, which are modified and kept.
 */
export function packReply(bytes: Uint8Array, layout: MessageLayout, facts: ReplyFacts): PackedReply {
  const pointing = pointAtQuestion(bytes, layout.questionEnd, layout.ttlOffsets);
  return pack(pointing, pointing === bytes ? layout : readLayout(pointing), facts);
}

/** Packs a decoded message. @throws WireError when it has no wire form, or one of over 65,535 octets. */
export function packMessage(message: Message, facts: ReplyFacts): PackedReply {
  const { edns: _, ...withoutEdns } = message;
  const bytes = encodeMessage(inQuestionCase(withoutEdns));
  if (((bytes[2] as number) & 0x02) !== 0) throw new WireError('message-too-long', 'message');
  return pack(bytes, readLayout(bytes), facts);
}

function pack(bytes: Uint8Array, layout: MessageLayout, facts: ReplyFacts): PackedReply {
  const { questionEnd, ttlOffsets } = layout;
  const lifetime = limitTtls(bytes, layout, facts.rcode);
  bytes[0] = 0;
  bytes[1] = 0;
  // QR and AA are kept; OPCODE is QUERY; TC and RD are decided for each client.
  bytes[2] = 0x80 | ((bytes[2] as number) & 0x04);
  bytes[3] = 0x80 | (facts.rcode & 15);
  const { rcode, authenticData, extendedErrors } = facts;
  // Written out: every miss passes here, and to spread the facts took 5 % of its time.
  return { bytes, questionEnd, ttlOffsets, rcode, authenticData, extendedErrors, lifetime };
}

/**
 * Seconds that a reply may be cached. A positive answer: its smallest TTL. A negative one: by its SOA, and not at all
 * without one (RFC 2308 §5: "Negative responses without SOA records SHOULD NOT be cached as there is no way to prevent the
 * negative responses looping forever between a pair of servers"). Any other RCODE: not at all.
 *
 * Where a maximum of ours applies, the TTLs are reduced too: a cache behind us must not keep an answer for longer.
 */
function limitTtls(bytes: Uint8Array, layout: MessageLayout, rcode: number): number {
  const { ttlOffsets, minimumTtl = 0, negativeTtl = 0 } = layout;
  const answerCount = u16(bytes, 6);
  const isPositive = rcode === Rcode.NOERROR && hasAnswer(bytes, layout, answerCount);
  const isNegative = !isPositive && (rcode === Rcode.NOERROR || rcode === Rcode.NXDOMAIN);
  // RFC 2308 §5: "The TTL of this record is set from the minimum of the MINIMUM field of the SOA record and the TTL of the
  // SOA itself". The aliases before it are told for no longer either: a cache behind us keeps the answer as one.
  const limit = isNegative ? Math.min(negativeTtl, MAX_NEGATIVE_LIFETIME) : MAX_LIFETIME;
  for (const offset of ttlOffsets) limitTtl(bytes, offset, limit);
  if (isPositive) return Math.min(minimumTtl, MAX_LIFETIME);
  return isNegative ? Math.min(limit, minimumTtl) : 0;
}

/**
 * Whether the answer section has records of the type that was asked for. Not if it has only aliases, because the upstream
 * left out the target, or the target has no data. RFC 2308 §2.2: "NODATA is indicated by an answer with the RCODE set to
 * NOERROR and no relevant answers in the answer section".
 */
function hasAnswer(
  bytes: Uint8Array,
  { questionEnd, ttlOffsets }: MessageLayout,
  answerCount: number,
): boolean {
  const asked = u16(bytes, questionEnd - 4);
  if (asked === Type.ANY) return answerCount > 0;
  // TYPE and CLASS precede the TTL.
  return ttlOffsets.slice(0, answerCount).some((offset) => u16(bytes, offset - 4) === asked);
}

/** RFC 2181 §8: a TTL with the highest bit set counts as zero, so it goes out as zero too. */
function limitTtl(bytes: Uint8Array, offset: number, limit: number): void {
  const view = new DataView(bytes.buffer, bytes.byteOffset + offset, 4);
  view.setUint32(0, Math.min(readTtl(view.getUint32(0)), limit));
}

function u16(bytes: Uint8Array, at: number): number {
  return ((bytes[at] as number) << 8) | (bytes[at + 1] as number);
}
