import { Rcode } from '../dns/codes.ts';
import { EdnsOptionCode } from '../dns/edns.ts';
import { decodeExtendedError, type ExtendedError, ExtendedErrorCode } from '../dns/extended-error.ts';
import { type MessageLayout, type OptLayout, readLayout } from '../dns/layout.ts';
import { decodeMessage, encodeWhole, HEADER_LENGTH, type Message } from '../dns/message.ts';
import type { Question } from '../dns/question.ts';
import { WireError } from '../dns/wire-error.ts';
import { lowerOctet } from '../dns/wire-names.ts';
import { isScrubbed, scrubbed } from './answer-scrub.ts';
import { isWithoutQuestion } from './reply-match.ts';
import type { UpstreamRequest } from './request.ts';

/** An upstream's reply, ready to be cached and passed on. */
export interface UpstreamReply {
  /**
   * The message as the upstream sent it, except: id 0, the question in the client's case, no OPT record. It may be
   * shared by several clients: do not modify.
   */
  readonly bytes: Uint8Array;
  /** RCODE with the extended bits, 0 to 4,095. */
  readonly rcode: number;
  /** Of `bytes`; its `opt` is always undefined. */
  readonly layout: MessageLayout;
  /** The extended errors of its OPT record, in order. */
  readonly extendedErrors: readonly ExtendedError[];
  /** The AD bit (RFC 4035 §3.2.3): the upstream says that it validated. Whether to trust it is decided elsewhere. */
  readonly authenticData: boolean;
  /** Whether the reply had an OPT record. */
  readonly edns: boolean;
  /** Label of the upstream. */
  readonly upstream: string;
}

/** What an upstream can say over UDP: a whole reply, or that it does not fit (TC). */
export type UpstreamOutcome = UpstreamReply | 'truncated';

/** Maximum number of extended errors kept of one reply. */
const MAX_EXTENDED_ERRORS = 8;

/**
 * The reply in octets that match the request (`matchReply`), which are modified. Octets after the message are cut off, as
 * Unbound, glibc and dnsmasq do: some routers pad what they send.
 *
 * What a resolver says, whom RD asks to follow names to their end, is judged as well: records in the answer section that do
 * not belong to the question are left out, and a server that does not recurse has failed.
 * @throws WireError when they are not a DNS message, a record in it is malformed, or none of the answer belongs to the
 * question.
 */
export function readReply(bytes: Uint8Array, request: UpstreamRequest, upstream: string): UpstreamReply {
  const layout = readLayout(bytes);
  const { opt } = layout;
  const rcode = ((bytes[3] as number) & 15) | ((opt?.extendedRcode ?? 0) << 4);
  const authenticData = ((bytes[3] as number) & 0x20) !== 0;
  const extendedErrors = opt === undefined ? [] : readExtendedErrors(bytes, opt);
  const isRecursive = ((request.bytes[2] as number) & RD) !== 0;
  const isBare = isWithoutQuestion(bytes);
  if (isBare || (isRecursive && isLame(bytes, layout, rcode))) {
    return {
      ...questionAlone(bytes, request),
      rcode: isBare ? rcode : Rcode.SERVFAIL,
      extendedErrors: isBare ? extendedErrors : [lame, ...extendedErrors],
      authenticData,
      // A server that leaves out the question may send back the OPT record that it was sent, which says nothing of EDNS
      // unless the RCODE needs it.
      edns: isBare ? rcode > 15 : opt !== undefined,
      upstream,
    };
  }
  const isWhole = !isRecursive || isScrubbed(bytes, layout);
  restore(bytes, layout, request.asked);
  const kept = isWhole ? withoutOpt(bytes, layout) : withoutForeignAnswers(bytes, layout, rcode);
  // Written out: to spread objects here would cost as much as all the rest.
  return {
    bytes: kept.bytes,
    rcode,
    layout: kept.layout,
    extendedErrors,
    authenticData: authenticData && isWhole,
    edns: opt !== undefined,
    upstream,
  };
}

/** ID 0, and 0x20 undone: names that point at the question get their case back with it. */
function restore(bytes: Uint8Array, { questionEnd }: MessageLayout, asked: Uint8Array | undefined): void {
  bytes[0] = 0;
  bytes[1] = 0;
  if (asked !== undefined) bytes.set(asked, HEADER_LENGTH);
  else for (let i = HEADER_LENGTH; i < questionEnd - 4; i++) bytes[i] = lowerOctet(bytes[i] as number);
}

/**
 * Whether a reply that matches its query, with a question, is an answer as it is: whole, NOERROR or NXDOMAIN, from a server that
 * recurses, with nothing to be left out or encoded anew. Modifies nothing. For others `readReply` decides.
 */
export function isPlainReply(bytes: Uint8Array, layout: MessageLayout): boolean {
  const { opt, end } = layout;
  const rcode = (bytes[3] as number) & 15;
  if (((bytes[2] as number) & TC) !== 0 || isWithoutQuestion(bytes)) return false;
  if (rcode !== Rcode.NOERROR && rcode !== Rcode.NXDOMAIN) return false;
  if (opt !== undefined && (opt.end !== end || opt.extendedRcode !== 0)) return false;
  return !isLame(bytes, layout, rcode) && isScrubbed(bytes, layout);
}

/**
 * The same as `readReply` for a plain reply (`isPlainReply`) to a query with RD for a name in lower case. The octets are modified,
 * and kept.
 */
export function keepPlainReply(bytes: Uint8Array, layout: MessageLayout, upstream: string): UpstreamReply {
  const { opt } = layout;
  const rcode = (bytes[3] as number) & 15;
  const authenticData = ((bytes[3] as number) & 0x20) !== 0;
  const extendedErrors = opt === undefined ? none : readExtendedErrors(bytes, opt);
  restore(bytes, layout, undefined);
  const kept = withoutOpt(bytes, layout);
  return {
    bytes: kept.bytes,
    rcode,
    layout: kept.layout,
    extendedErrors,
    authenticData,
    edns: opt !== undefined,
    upstream,
  };
}

/** The same reply with the question as another client wrote it (`UpstreamRequest.asked` of the same question). */
export function replyInCase(reply: UpstreamReply, asked: Uint8Array): UpstreamReply {
  const had = reply.bytes.subarray(HEADER_LENGTH, HEADER_LENGTH + asked.length);
  if (Buffer.compare(had, asked) === 0) return reply;
  const bytes = new Uint8Array(reply.bytes);
  bytes.set(asked, HEADER_LENGTH);
  return { ...reply, bytes };
}

/** True when another upstream may well have a better answer: SERVFAIL, REFUSED, NOTIMP, FORMERR and BADVERS. */
export function isUnhelpful(rcode: number): boolean {
  switch (rcode) {
    case Rcode.SERVFAIL:
    case Rcode.REFUSED:
    case Rcode.NOTIMP:
    case Rcode.FORMERR:
    case Rcode.BADVERS:
      return true;
    default:
      return false;
  }
}

/** A message as octets with its layout. */
type LaidOut = Pick<UpstreamReply, 'bytes' | 'layout'>;

const none: readonly ExtendedError[] = [];

/** In octet 2 of a header: recursion desired, truncated, authoritative. In octet 3: recursion available. RFC 1035 §4.1.1. */
const RD = 0x01;
const TC = 0x02;
const AA = 0x04;
const RA = 0x80;

const lame: ExtendedError = {
  code: ExtendedErrorCode.NO_REACHABLE_AUTHORITY,
  text: 'The upstream does not offer recursion for this name: it answered with a referral or with nothing.',
};

/**
 * Whether a server says with RCODE 0 that it cannot help: it does not recurse, is not authoritative, and has neither an answer
 * nor the SOA record of a negative one (RFC 2308 §2.2). A client would take such a reply for NODATA.
 */
function isLame(bytes: Uint8Array, { negativeTtl }: MessageLayout, rcode: number): boolean {
  const hasAnswers = ((bytes[6] as number) | (bytes[7] as number)) !== 0;
  if (rcode !== Rcode.NOERROR || hasAnswers || negativeTtl !== undefined) return false;
  return ((bytes[2] as number) & AA) === 0 && ((bytes[3] as number) & RA) === 0;
}

/** The header of a reply with the question of the request, and no records. */
function questionAlone(bytes: Uint8Array, { asked, questionEnd }: UpstreamRequest): LaidOut {
  const alone = new Uint8Array(questionEnd);
  alone[2] = bytes[2] as number;
  alone[3] = bytes[3] as number;
  alone[5] = 1;
  alone.set(asked, HEADER_LENGTH);
  return { bytes: alone, layout: readLayout(alone) };
}

function withoutOpt(bytes: Uint8Array, layout: MessageLayout): LaidOut {
  const { questionEnd, ttlOffsets, minimumTtl, negativeTtl, opt, end } = layout;
  if (opt === undefined) return { bytes: viewOf(bytes, end), layout };
  // Something follows it, and compression pointers may lead past it, so the message is encoded anew. Rare.
  if (opt.end !== end) return encodeAnew(decodeMessage(bytes.subarray(0, end)));
  const count = (((bytes[10] as number) << 8) | (bytes[11] as number)) - 1;
  bytes[10] = count >>> 8;
  bytes[11] = count & 0xff;
  return {
    bytes: viewOf(bytes, opt.start),
    layout: { questionEnd, ttlOffsets, minimumTtl, negativeTtl, opt: undefined, end: opt.start },
  };
}

function withoutForeignAnswers(bytes: Uint8Array, layout: MessageLayout, rcode: number): LaidOut {
  const message = decodeMessage(bytes.subarray(0, layout.end));
  const answers = scrubbed(message.answers, message.questions[0] as Question);
  // Nothing is left of an answer: that is not NODATA.
  if (answers.length === 0 && rcode === Rcode.NOERROR) throw new WireError('bad-value', 'answer section');
  return encodeAnew({ ...message, answers });
}

/** The message without its OPT record. @throws WireError when it would be over 65,535 octets. */
function encodeAnew({ edns: _, ...message }: Message): LaidOut {
  const bytes = encodeWhole({ ...message, rcode: message.rcode & 15 });
  return { bytes, layout: readLayout(bytes) };
}

/** The first `length` octets, not as a Buffer: its `slice` does not copy, and these octets are handed to others. */
function viewOf(bytes: Uint8Array, length: number): Uint8Array {
  return new Uint8Array(bytes.buffer, bytes.byteOffset, length);
}

function readExtendedErrors(bytes: Uint8Array, opt: OptLayout): readonly ExtendedError[] {
  const errors: ExtendedError[] = [];
  // After NAME (1), TYPE, CLASS, TTL, RDLENGTH (10). `readLayout` checked that options fill the record exactly.
  let at = opt.start + 11;
  while (at < opt.end) {
    const code = ((bytes[at] as number) << 8) | (bytes[at + 1] as number);
    const length = ((bytes[at + 2] as number) << 8) | (bytes[at + 3] as number);
    const end = at + 4 + length;
    if (code === EdnsOptionCode.EXTENDED_ERROR && errors.length < MAX_EXTENDED_ERRORS) {
      const error = decodeExtendedError({ code, data: bytes.subarray(at + 4, end) });
      if (error !== undefined) errors.push(error);
    }
    at = end;
  }
  return errors;
}
