import { type AskedQuestion, KEY_CD, KEY_DO, questionKey } from '../cache/question-key.ts';
import { Class, isMetaType, Opcode, Rcode, Type } from '../dns/codes.ts';
import { EdnsOptionCode, readOptBody } from '../dns/edns.ts';
import { readLayout } from '../dns/layout.ts';
import { HEADER_LENGTH } from '../dns/message.ts';
import type { Question } from '../dns/question.ts';
import { readQuestion } from '../dns/question.ts';
import { WireError } from '../dns/wire-error.ts';
import { WireReader } from '../dns/wire-reader.ts';

/** The contents of a request's OPT record. */
export interface RequestEdns {
  /** The requestor's UDP payload size, at least 512 (RFC 6891 §6.2.3: "Values lower than 512 MUST be
   * treated as equal to 512"). */
  readonly udpPayloadSize: number;
  readonly dnssecOk: boolean;
  /** The edns-tcp-keepalive option was there (RFC 7828 §3.2.1). */
  readonly keepalive: boolean;
  /** The padding option was there (RFC 7830 §3). */
  readonly padding: boolean;
}

/** A valid query: one question of class IN, EDNS version 0 if any. */
export interface Request extends AskedQuestion {
  readonly kind: 'request';
  /** The message as received; the reply repeats its ID and question octet for octet. */
  readonly bytes: Uint8Array;
  /** Offset after the question. */
  readonly questionEnd: number;
  /** See `questionKey`. */
  readonly cacheKey: string;
  readonly dnssecOk: boolean;
  readonly checkingDisabled: boolean;
  readonly recursionDesired: boolean;
  /** RFC 6840 §5.7: AD set in a query means "I understand AD in the answer"; so does DO. */
  readonly wantsAuthenticData: boolean;
  readonly edns: RequestEdns | undefined;
}

/** A request that is answered with an error at once. */
export interface RejectedRequest {
  readonly kind: 'rejected';
  readonly bytes: Uint8Array;
  /** The RCODE, above 15 only together with `edns`. */
  readonly rcode: number;
  /** Offset after the question that the reply repeats, or 12 when there is none that can be read. */
  readonly questionEnd: number;
  readonly edns: RequestEdns | undefined;
}

/** Bytes that get no reply: too short for a message, or a response. */
export interface SilentRequest {
  readonly kind: 'silent';
}

/** What follows the question. */
interface Rest {
  readonly edns: RequestEdns | undefined;
  readonly version: number;
}

const silent: SilentRequest = { kind: 'silent' };
const nothing: Rest = { edns: undefined, version: 0 };

/** Octets of an OPT record without options (RFC 6891 §6.1.2). */
export const OPT_LENGTH = 11;

/** RFC 6891 §6.2.5: "512 octets" is what a requestor without EDNS can take. */
export const MINIMUM_UDP_PAYLOAD = 512;

/**
 * Decides whether the bytes of a datagram or a TCP frame can be answered, are refused or ignored. Octets after the message
 * are ignored: some devices pad their queries. Never throws; linear in the length.
 */
export function readRequest(bytes: Uint8Array): Request | RejectedRequest | SilentRequest {
  // Without a whole header there is no ID to reply to. A reply to a response could loop forever between two servers.
  if (bytes.length < HEADER_LENGTH || ((bytes[2] as number) & 0x80) !== 0) return silent;
  if (opcodeOf(bytes) !== Opcode.QUERY) return rejected(bytes, Rcode.NOTIMP, HEADER_LENGTH, readRest(bytes));
  // RFC 9619 §4: "A DNS message with OPCODE = 0 and QDCOUNT > 1 MUST be treated as an incorrectly formatted message."
  if (u16(bytes, 4) !== 1) return rejected(bytes, Rcode.FORMERR, HEADER_LENGTH, readRest(bytes));
  const nameEnd = uncompressedNameEnd(bytes);
  if (nameEnd < 0 || nameEnd + 4 > bytes.length) return rejected(bytes, Rcode.FORMERR, HEADER_LENGTH);
  const questionEnd = nameEnd + 4;
  const rest = readAfterQuestion(bytes, questionEnd);
  // RFC 6891 §6.1.3: "If a responder does not implement the VERSION level of the request, then it MUST respond
  // with RCODE=BADVERS."
  if (rest !== 'malformed' && rest.version !== 0) return rejected(bytes, Rcode.BADVERS, questionEnd, rest);
  // Zone transfers too, even if the rest is malformed.
  const type = u16(bytes, nameEnd);
  if (isMetaType(type) && type !== Type.ANY) return rejected(bytes, Rcode.REFUSED, questionEnd, rest);
  if (rest === 'malformed') return rejected(bytes, Rcode.FORMERR, questionEnd);
  const { edns } = rest;
  if (u16(bytes, nameEnd + 2) !== Class.IN) return rejected(bytes, Rcode.REFUSED, questionEnd, rest);
  const dnssecOk = edns?.dnssecOk ?? false;
  const flags = bytes[3] as number;
  const checkingDisabled = (flags & 0x10) !== 0;
  const keyFlags = (dnssecOk ? KEY_DO : 0) | (checkingDisabled ? KEY_CD : 0);
  return {
    kind: 'request',
    bytes,
    questionEnd,
    keyFlags,
    cacheKey: questionKey(bytes, nameEnd, keyFlags),
    dnssecOk,
    checkingDisabled,
    recursionDesired: ((bytes[2] as number) & 0x01) !== 0,
    wantsAuthenticData: dnssecOk || (flags & 0x20) !== 0,
    edns,
  };
}

/** The OPCODE of a message (RFC 1035 §4.1.1). */
export function opcodeOf(bytes: Uint8Array): number {
  return ((bytes[2] as number) >>> 3) & 15;
}

/** The question of a request, decoded. */
export function requestQuestion(request: Request): Question {
  return readQuestion(new WireReader(request.bytes, HEADER_LENGTH, request.questionEnd));
}

/** The offset after the QNAME of a request, -1 when it is invalid. It is the first name, so it cannot be compressed. */
export function uncompressedNameEnd(bytes: Uint8Array): number {
  let at = HEADER_LENGTH;
  while (at < bytes.length) {
    const length = bytes[at] as number;
    if (length === 0) return at + 1;
    at += length + 1;
    if (length > 63 || at - HEADER_LENGTH > 254) return -1;
  }
  return -1;
}

/** Reads what follows the question: nothing or one OPT record in nearly every request. */
function readAfterQuestion(bytes: Uint8Array, questionEnd: number): Rest | 'malformed' {
  if (u16(bytes, 6) + u16(bytes, 8) + u16(bytes, 10) === 0) return nothing;
  return readLoneOpt(bytes, questionEnd) ?? readRest(bytes);
}

/**
 * Reads the OPT record without decoding, if it is the only record. Undefined for anything else, which is left to `readRest`;
 * both give the same result.
 */
function readLoneOpt(bytes: Uint8Array, at: number): Rest | undefined {
  if (u16(bytes, 6) !== 0 || u16(bytes, 8) !== 0 || u16(bytes, 10) !== 1) return undefined;
  const found = walkLoneOpt(bytes, at);
  if (found === OptWalk.OTHER) return undefined;
  const keepalive = (found & OptWalk.KEEPALIVE) !== 0;
  const padding = (found & OptWalk.PADDING) !== 0;
  const udpPayloadSize = Math.max(u16(bytes, at + 3), MINIMUM_UDP_PAYLOAD);
  const dnssecOk = ((bytes[at + 7] as number) & 0x80) !== 0;
  return { edns: { udpPayloadSize, dnssecOk, keepalive, padding }, version: bytes[at + 6] as number };
}

/** What `walkLoneOpt` finds: the sum of the options that change a reply, or `OTHER`. */
export const OptWalk = { PLAIN: 0, KEEPALIVE: 1, PADDING: 2, OTHER: -1 } as const;

/**
 * Whether there is an OPT record (RFC 6891 §6.1.2), of any version, at `at`, and which options it has that change a reply: see
 * `OptWalk`.
 */
export function walkLoneOpt(bytes: Uint8Array, at: number): number {
  if (at + OPT_LENGTH > bytes.length || bytes[at] !== 0 || u16(bytes, at + 1) !== Type.OPT)
    return OptWalk.OTHER;
  const end = at + OPT_LENGTH + u16(bytes, at + 9);
  if (end > bytes.length) return OptWalk.OTHER;
  let found: number = OptWalk.PLAIN;
  // An option has at least 4 octets, so the length of the request bounds this loop.
  for (let option = at + OPT_LENGTH; option < end; ) {
    if (option + 4 > end) return OptWalk.OTHER;
    const code = u16(bytes, option);
    if (code === EdnsOptionCode.TCP_KEEPALIVE) found |= OptWalk.KEEPALIVE;
    else if (code === EdnsOptionCode.PADDING) found |= OptWalk.PADDING;
    option += 4 + u16(bytes, option + 2);
    if (option > end) return OptWalk.OTHER;
  }
  return found;
}

/** Reads the OPT record of any message. */
function readRest(bytes: Uint8Array): Rest | 'malformed' {
  try {
    const { opt } = readLayout(bytes);
    if (opt === undefined) return nothing;
    // Starts after NAME (the root) and TYPE.
    const { edns } = readOptBody(new WireReader(bytes, opt.start + 3, opt.end));
    return {
      edns: {
        udpPayloadSize: Math.max(edns.udpPayloadSize, MINIMUM_UDP_PAYLOAD),
        dnssecOk: edns.dnssecOk,
        keepalive: edns.options.some((option) => option.code === EdnsOptionCode.TCP_KEEPALIVE),
        padding: edns.options.some((option) => option.code === EdnsOptionCode.PADDING),
      },
      version: edns.version,
    };
  } catch (error) {
    if (!(error instanceof WireError)) throw error;
    return 'malformed';
  }
}

/** RFC 6891 §6.1.1: "If an OPT record is present in a received request, compliant responders MUST include an OPT record". */
function rejected(
  bytes: Uint8Array,
  rcode: number,
  questionEnd: number,
  rest: Rest | 'malformed' = nothing,
): RejectedRequest {
  const edns = rest === 'malformed' ? undefined : rest.edns;
  return { kind: 'rejected', bytes, rcode, questionEnd, edns };
}

/** The 16-bit number at `at`; the caller has checked the length. */
export function u16(bytes: Uint8Array, at: number): number {
  return ((bytes[at] as number) << 8) | (bytes[at + 1] as number);
}
