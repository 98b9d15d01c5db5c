import type { PackedReply } from '../cache/packed-reply.ts';
import { Opcode, Rcode } from '../dns/codes.ts';
import { type Edns, type EdnsOption, EdnsOptionCode, optLength, writeOpt } from '../dns/edns.ts';
import { type ExtendedError, ExtendedErrorCode, encodeExtendedError } from '../dns/extended-error.ts';
import { HEADER_LENGTH } from '../dns/message.ts';
import { isEncrypted, isStream, type Protocol } from '../dns/protocol.ts';
import { ageTtl } from '../dns/ttl.ts';
import { MAX_MESSAGE_LENGTH, WireWriter } from '../dns/wire-writer.ts';
import {
  MINIMUM_UDP_PAYLOAD,
  opcodeOf,
  type RejectedRequest,
  type Request,
  type RequestEdns,
} from './request.ts';

/**
 * The largest UDP payload that we send and advertise. RFC 6891 §6.2.5 leaves it open; 1232 octets, an IPv6 packet of 1280,
 * avoid fragmentation.
 */
export const UDP_PAYLOAD_SIZE = 1232;

/** The transport of a reply, as far as it affects the reply. */
export interface ReplyPath {
  /** The client's address, numeric. */
  readonly client: string;
  /** Over a stream a reply is never truncated; over an encrypted one it is padded. */
  readonly protocol: Protocol;
  /** The idle timeout for the TCP keepalive option, in units of 100 ms (RFC 7828 §3.1). */
  readonly keepalive?: number;
}

/** RFC 8767 §4: the TTL of expired records is "greater than 0, with a RECOMMENDED value of 30 seconds". */
const STALE_TTL = 30;

/**
 * The octets for one client: its ID, its question in its case, TTLs reduced by `age` seconds, OPT and size as it asked. A
 * cached TTL never rises, and never falls below 0. A stale reply has an extended error that says so.
 */
export function renderReply(
  reply: PackedReply,
  request: Request,
  age: number | 'stale',
  path: ReplyPath,
): Uint8Array {
  // RFC 6891 §6.1.3: the upper bits of an RCODE are in the OPT record; without one, the lower four are another RCODE.
  if (reply.rcode > 15 && request.edns === undefined) return renderError(request, Rcode.SERVFAIL, [], path);
  const extendedErrors =
    age === 'stale' ? [staleError(reply.rcode), ...reply.extendedErrors] : reply.extendedErrors;
  const limit = sizeLimit(request.edns, path);
  const { length } = reply.bytes;
  let opt = request.edns && replyOpt(request.edns, reply.rcode, extendedErrors, path, length);
  let fits = reply.bytes.length + (opt?.length ?? 0) <= limit;
  if (!fits && extendedErrors.length > 0) {
    // RFC 8914 §3: "servers SHOULD truncate messages by dropping EDE options before dropping other data". It also
    // wants TC then; we leave it clear, since the answer is complete and a retry over TCP would only add the EDE.
    opt = request.edns && replyOpt(request.edns, reply.rcode, [], path, length);
    fits = reply.bytes.length + (opt?.length ?? 0) <= limit;
  }
  const optSize = opt?.length ?? 0;
  // RFC 2181 §9: "The TC bit should not be set merely because some extra information could have been included, for which there
  // was insufficient room. This includes the results of additional section processing."
  const required = fits ? undefined : requiredPart(reply);
  const isComplete = fits || (required !== undefined && required.end + optSize <= limit);
  // RFC 6891 §7: "The minimal response MUST be the DNS header, question section, and an OPT record. This MUST also
  // occur when a truncated response (using the DNS header's TC bit) is returned."
  const bodyLength = fits
    ? reply.bytes.length
    : isComplete && required !== undefined
      ? required.end
      : reply.questionEnd;
  const bytes = Buffer.allocUnsafe(bodyLength + optSize);
  bytes.set(fits ? reply.bytes : reply.bytes.subarray(0, bodyLength), 0);
  if (isComplete) {
    if (!fits) bytes.fill(0, 10, HEADER_LENGTH);
    const offsets = fits ? reply.ttlOffsets : reply.ttlOffsets.slice(0, required?.count);
    if (age === 'stale') setTtls(bytes, offsets, STALE_TTL);
    else if (age > 0) ageTtls(bytes, offsets, age);
  } else {
    bytes[2] = (bytes[2] as number) | 0x02;
    bytes.fill(0, 6, HEADER_LENGTH);
  }
  copyFromRequest(bytes, request);
  if (reply.authenticData && request.wantsAuthenticData) bytes[3] = (bytes[3] as number) | 0x20;
  if (opt !== undefined) appendOpt(bytes, opt, bodyLength);
  return bytes;
}

/** The answer and authority sections: how many records they have, and the offset after them. */
function requiredPart({ bytes, questionEnd, ttlOffsets }: PackedReply): {
  readonly count: number;
  readonly end: number;
} {
  const count = u16(bytes, 6) + u16(bytes, 8);
  const last = ttlOffsets[count - 1];
  // RFC 1035 §4.1.3: behind the TTL come RDLENGTH and RDATA.
  return { count, end: last === undefined ? questionEnd : last + 6 + u16(bytes, last + 4) };
}

function u16(bytes: Uint8Array, offset: number): number {
  return ((bytes[offset] as number) << 8) | (bytes[offset + 1] as number);
}

/** A reply without records: an error or a refusal. */
export function renderError(
  request: Request | RejectedRequest,
  rcode: number,
  extendedErrors: readonly ExtendedError[],
  path: ReplyPath,
): Uint8Array {
  const { questionEnd } = request;
  const hasQuestion = questionEnd > HEADER_LENGTH;
  const room = sizeLimit(request.edns, path) - questionEnd;
  let opt = request.edns && replyOpt(request.edns, rcode, extendedErrors, path, questionEnd);
  if (opt !== undefined && opt.length > room)
    opt = request.edns && replyOpt(request.edns, rcode, [], path, questionEnd);
  const bytes = Buffer.alloc(questionEnd + (opt?.length ?? 0));
  bytes[2] = 0x80;
  // RA is about queries (RFC 1035 §4.1.1: "whether recursive query support is available").
  bytes[3] = (isQuery(request) ? 0x80 : 0) | (rcode & 15);
  if (hasQuestion) bytes[5] = 1;
  copyFromRequest(bytes, request);
  if (opt !== undefined) appendOpt(bytes, opt, questionEnd);
  return bytes;
}

/** An empty reply with TC: ask again over TCP, where a client's address cannot be forged. */
export function renderTruncated(request: Request | RejectedRequest, path: ReplyPath): Uint8Array {
  const bytes = renderError(request, Rcode.NOERROR, [], path);
  bytes[2] = (bytes[2] as number) | 0x02;
  return bytes;
}

/** Maximum size of a reply (RFC 6891 §6.2.5; RFC 1035 §4.2.2 over TCP). */
function sizeLimit(edns: RequestEdns | undefined, path: ReplyPath): number {
  if (isStream(path.protocol)) return MAX_MESSAGE_LENGTH;
  return Math.min(edns?.udpPayloadSize ?? MINIMUM_UDP_PAYLOAD, UDP_PAYLOAD_SIZE);
}

/** `before` are the octets of the reply without this record. */
function replyOpt(
  edns: RequestEdns,
  rcode: number,
  extendedErrors: readonly ExtendedError[],
  path: ReplyPath,
  before: number,
): Uint8Array {
  const options: EdnsOption[] = extendedErrors.map(encodeExtendedError);
  // RFC 7828 §3.2.1 and §3.2.2: only when the query had one, and never over UDP.
  if (edns.keepalive && path.keepalive !== undefined) {
    const data = Uint8Array.of(path.keepalive >>> 8, path.keepalive & 0xff);
    options.push({ code: EdnsOptionCode.TCP_KEEPALIVE, data });
  }
  // RFC 3225 §3: "The DO bit of the query MUST be copied in the response."
  const reply: Edns = { udpPayloadSize: UDP_PAYLOAD_SIZE, version: 0, dnssecOk: edns.dnssecOk, options };
  // RFC 7830 §4: "Responders MUST pad DNS responses when the respective DNS query included the 'Padding' option, unless doing
  // so would violate the maximum UDP payload size", and §6: in the clear it "only increases the amount of data".
  if (edns.padding && isEncrypted(path.protocol)) options.push(...padding(before + optLength(reply)));
  const writer = new WireWriter({ initialSize: optLength(reply) });
  writeOpt(writer, reply, rcode);
  return writer.written;
}

/** RFC 8467 §4.1: "servers SHOULD pad the corresponding response to a multiple of 468 octets". */
const PADDING_BLOCK = 468;

/** Octets of a reply of `length` octets once it is padded; the same when there is no room for the option. */
export function paddedLength(length: number): number {
  const used = length + PADDING_HEADER;
  if (used > MAX_MESSAGE_LENGTH) return length;
  return Math.min(Math.ceil(used / PADDING_BLOCK) * PADDING_BLOCK, MAX_MESSAGE_LENGTH);
}

/** The option that fills a reply of `length` octets, if there is room; RFC 7830 §3: "PADDING octets SHOULD be set to 0x00". */
function padding(length: number): readonly EdnsOption[] {
  const octets = paddedLength(length) - length;
  if (octets === 0) return [];
  return [{ code: EdnsOptionCode.PADDING, data: new Uint8Array(octets - PADDING_HEADER) }];
}

/** Octets of OPTION-CODE and OPTION-LENGTH. */
export const PADDING_HEADER = 4;

function appendOpt(bytes: Buffer, opt: Uint8Array, at: number): void {
  bytes.set(opt, at);
  bytes.writeUInt16BE(bytes.readUInt16BE(10) + 1, 10);
}

/**
 * ID, OPCODE and RD (RFC 1035 §4.1.1 "copied into the response"), CD of a query (RFC 4035 §3.2.2), and the question with
 * its case.
 */
function copyFromRequest(bytes: Buffer, request: Request | RejectedRequest): void {
  const from = request.bytes;
  bytes[0] = from[0] as number;
  bytes[1] = from[1] as number;
  bytes[2] = (bytes[2] as number) | ((from[2] as number) & 0x79);
  if (isQuery(request)) bytes[3] = (bytes[3] as number) | ((from[3] as number) & 0x10);
  for (let i = HEADER_LENGTH; i < request.questionEnd; i++) bytes[i] = from[i] as number;
}

function isQuery({ bytes }: Request | RejectedRequest): boolean {
  return opcodeOf(bytes) === Opcode.QUERY;
}

function ageTtls(bytes: Buffer, offsets: readonly number[], age: number): void {
  for (const offset of offsets) ageTtl(bytes, offset, age);
}

function setTtls(bytes: Buffer, offsets: readonly number[], ttl: number): void {
  for (const offset of offsets) bytes.writeUInt32BE(Math.min(bytes.readUInt32BE(offset), ttl), offset);
}

/** RFC 8914 §4.4 and §4.20. */
function staleError(rcode: number): ExtendedError {
  const text = 'Stale answer: the upstream is not responding.';
  if (rcode === Rcode.NXDOMAIN) return { code: ExtendedErrorCode.STALE_NXDOMAIN_ANSWER, text };
  return { code: ExtendedErrorCode.STALE_ANSWER, text };
}
