import { Rcode } from '../dns/codes.ts';
import { EdnsOptionCode } from '../dns/edns.ts';
import { decodeExtendedError, type ExtendedError } from '../dns/extended-error.ts';
import { type MessageLayout, type OptLayout, readLayout } from '../dns/layout.ts';
import { decodeMessage, encodeMessage, HEADER_LENGTH } from '../dns/message.ts';
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

/** What an upstream can say: a whole answer; that it does not fit (TC); or a header alone with FORMERR or NOTIMP. */
export type UpstreamOutcome = UpstreamReply | 'truncated' | 'bare-error';

/** Maximum number of extended errors kept of one reply. */
const MAX_EXTENDED_ERRORS = 8;

/**
 * The reply in octets that match the request (`matchReply`), which are modified. Octets after the message are cut off, as
 * Unbound, glibc and dnsmasq do: some routers pad what they send.
 * @throws WireError when they are not a DNS message, or a record in it is malformed.
 */
export function readReply(bytes: Uint8Array, request: UpstreamRequest, upstream: string): UpstreamReply {
  const layout = readLayout(bytes);
  const { opt } = layout;
  const rcode = ((bytes[3] as number) & 15) | ((opt?.extendedRcode ?? 0) << 4);
  const authenticData = ((bytes[3] as number) & 0x20) !== 0;
  const extendedErrors = opt === undefined ? [] : readExtendedErrors(bytes, opt);
  bytes[0] = 0;
  bytes[1] = 0;
  // 0x20 undone: names that point at the question get their case back with it.
  bytes.set(request.asked, HEADER_LENGTH);
  const stripped =
    opt === undefined ? { bytes: viewOf(bytes, layout.end), layout } : withoutOpt(bytes, layout, opt);
  return {
    bytes: stripped.bytes,
    rcode,
    layout: stripped.layout,
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

function withoutOpt(
  bytes: Uint8Array,
  layout: MessageLayout,
  opt: OptLayout,
): { readonly bytes: Uint8Array; readonly layout: MessageLayout } {
  if (opt.end === layout.end) {
    const count = (((bytes[10] as number) << 8) | (bytes[11] as number)) - 1;
    bytes[10] = count >>> 8;
    bytes[11] = count & 0xff;
    return { bytes: viewOf(bytes, opt.start), layout: { ...layout, opt: undefined, end: opt.start } };
  }
  // Records follow it, and compression pointers may lead past it, so the message is encoded anew. Rare.
  const { edns: _, ...message } = decodeMessage(bytes.subarray(0, layout.end));
  const encoded = encodeMessage({ ...message, rcode: message.rcode & 15 });
  return { bytes: encoded, layout: readLayout(encoded) };
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
