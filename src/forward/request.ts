import { EdnsOptionCode } from '../dns/edns.ts';
import { HEADER_LENGTH } from '../dns/message.ts';
import type { Question } from '../dns/question.ts';
import { lowerOctet } from '../dns/wire-names.ts';
import type { Random } from './random.ts';

/** Octets that we take over UDP (the size the DNS flag day 2020 settled on: it fits any path unfragmented). */
const UDP_PAYLOAD_SIZE = 1232;

/** RFC 8467 §4.1: "Clients SHOULD pad queries to the closest multiple of 128 octets". */
export const QUERY_BLOCK_LENGTH = 128;

/** Octets of an OPT record without options. */
const OPT_LENGTH = 11;

/** Octets of OPTION-CODE and OPTION-LENGTH. */
const OPTION_HEADER_LENGTH = 4;

/**
 * Minimum number of letters in a name for its case to identify a query: with 10 letters in random case, a query of another
 * program equals ours once in a thousand times, and only while ours for the same name is in flight.
 */
const MIN_LETTERS = 10;

/**
 * A question as upstreams are asked it. It is made from values, never from a client's bytes, so no EDNS option of a
 * client (subnet, cookie, padding) can get into it.
 */
export interface UpstreamRequest {
  readonly question: Question;
  /** The whole query: id 0, name in lower case, OPT as its last 11 octets. Not to be written to. */
  readonly bytes: Uint8Array;
  /** Offset after the question. */
  readonly questionEnd: number;
  /** The question section in the asker's case, `questionEnd - 12` octets. */
  readonly asked: Uint8Array;
}

/** Builds the query for `question` with these bits. */
export function buildRequest(
  question: Question,
  dnssecOk: boolean,
  checkingDisabled: boolean,
): UpstreamRequest {
  const asked = questionOctets(question);
  const questionEnd = HEADER_LENGTH + asked.length;
  const bytes = new Uint8Array(questionEnd + OPT_LENGTH);
  writeFlags(bytes, checkingDisabled);
  bytes.set(asked, HEADER_LENGTH);
  for (let i = HEADER_LENGTH; i < questionEnd - 4; i++) bytes[i] = lowerOctet(bytes[i] as number);
  writeOpt(bytes, questionEnd, dnssecOk);
  return { question, bytes, questionEnd, asked };
}

/**
 * What two requests of class IN have in common when one answer serves both: QNAME in lower-case wire form, QTYPE, and an octet, 1
 * for DO and 2 for CD. One octet in each character, and the same as the key of the answer cache.
 */
export function requestKey({ bytes, questionEnd }: UpstreamRequest): string {
  const dnssecOk = (bytes[questionEnd + 7] as number) >>> 7;
  const checkingDisabled = ((bytes[3] as number) >>> 3) & 2;
  return questionText(bytes, questionEnd) + String.fromCharCode(dnssecOk | checkingDisabled);
}

/** Room for a name of 255 octets and TYPE. */
const scratch = Buffer.alloc(255 + 2);

/** QNAME in lower-case wire form and QTYPE of a message whose question ends at `questionEnd`, one octet in each character. */
export function questionText(bytes: Uint8Array, questionEnd: number): string {
  const nameEnd = questionEnd - 4;
  let length = 0;
  // Length octets are below the letters.
  for (let i = HEADER_LENGTH; i < nameEnd; i++) scratch[length++] = lowerOctet(bytes[i] as number);
  scratch[length++] = bytes[nameEnd] as number;
  scratch[length++] = bytes[nameEnd + 1] as number;
  return scratch.toString('latin1', 0, length);
}

/** The question section of a message with this question, in its case. */
function questionOctets(question: Question): Uint8Array {
  const name = question.name.toWire();
  const octets = new Uint8Array(name.length + 4);
  octets.set(name);
  octets[name.length] = question.type >>> 8;
  octets[name.length + 1] = question.type;
  octets[name.length + 2] = question.class >>> 8;
  octets[name.length + 3] = question.class;
  return octets;
}

/** How one sending of a request differs from another. */
export interface QueryForm {
  readonly id: number;
  /** Without, the query has no OPT record: for upstreams that do not know EDNS. */
  readonly edns: boolean;
  /** When given, each letter of the name is in the case that this says (draft-vixie-dnsext-dns0x20). */
  readonly mixCase?: Random;
  /** When given, padding fills the query up to a multiple of so many octets (RFC 7830): only with `edns`. */
  readonly padTo?: number | undefined;
}

/** A copy of the request's bytes in that form. */
export function formQuery(request: UpstreamRequest, form: QueryForm): Buffer {
  const { questionEnd } = request;
  const length = questionEnd + (form.edns ? OPT_LENGTH : 0);
  const isPadded = form.edns && form.padTo !== undefined;
  const query = isPadded ? paddedBuffer(length, form.padTo) : Buffer.allocUnsafe(length);
  query.set(form.edns ? request.bytes : request.bytes.subarray(0, questionEnd));
  query[0] = form.id >>> 8;
  query[1] = form.id & 0xff;
  if (!form.edns) query[11] = 0;
  if (isPadded) query.writeUInt16BE(query.length - length, length - 2); // RDLENGTH
  if (form.mixCase !== undefined) mixCase(query, questionEnd - 4, form.mixCase);
  return query;
}

/**
 * The query for a question as a client wrote it, whose message is `asked`: the same octets as `formQuery` makes of
 * `buildRequest`, with EDNS, without values in between.
 */
export function formStraightQuery(
  asked: {
    readonly bytes: Uint8Array;
    readonly questionEnd: number;
    readonly dnssecOk: boolean;
    readonly checkingDisabled: boolean;
  },
  { id, mixCase: random, padTo }: Omit<QueryForm, 'edns'>,
): Buffer {
  const { bytes, questionEnd, dnssecOk, checkingDisabled } = asked;
  const length = questionEnd + OPT_LENGTH;
  const query = padTo === undefined ? Buffer.allocUnsafe(length).fill(0) : paddedBuffer(length, padTo);
  query[0] = id >>> 8;
  query[1] = id & 0xff;
  writeFlags(query, checkingDisabled);
  const nameEnd = questionEnd - 4;
  for (let i = HEADER_LENGTH; i < nameEnd; i++) query[i] = lowerOctet(bytes[i] as number);
  for (let i = nameEnd; i < questionEnd; i++) query[i] = bytes[i] as number;
  writeOpt(query, questionEnd, dnssecOk);
  if (padTo !== undefined) query.writeUInt16BE(query.length - length, length - 2); // RDLENGTH
  if (random !== undefined) mixCase(query, nameEnd, random);
  return query;
}

/** RD, AD, perhaps CD, and the counts of one question and one OPT record, in octets that are 0. */
function writeFlags(bytes: Uint8Array, checkingDisabled: boolean): void {
  bytes[2] = 0x01; // RD
  // RFC 6840 §5.7: "setting the AD bit in a query as a signal indicating that the requester understands and is
  // interested in the value of the AD bit in the response".
  bytes[3] = checkingDisabled ? 0x30 : 0x20;
  bytes[5] = 1; // QDCOUNT
  bytes[11] = 1; // ARCOUNT
}

/** An OPT record at `at`, in octets that are 0. */
function writeOpt(bytes: Uint8Array, at: number, dnssecOk: boolean): void {
  bytes[at + 2] = 41; // OPT
  bytes[at + 3] = UDP_PAYLOAD_SIZE >>> 8;
  bytes[at + 4] = UDP_PAYLOAD_SIZE & 0xff;
  bytes[at + 7] = dnssecOk ? 0x80 : 0;
}

/** Room for a query of `length` octets that ends with its OPT record, followed by the padding option. */
function paddedBuffer(length: number, block: number): Buffer {
  const total = Math.ceil((length + OPTION_HEADER_LENGTH) / block) * block;
  // RFC 7830 §3: "The PADDING octets SHOULD be set to 0x00".
  const query = Buffer.allocUnsafe(total).fill(0);
  query.writeUInt16BE(EdnsOptionCode.PADDING, length);
  query.writeUInt16BE(total - length - OPTION_HEADER_LENGTH, length + 2);
  return query;
}

/** True when the name in `query` has a letter in upper case: only then does a reply show what is done to case. */
export function hasUpperCase(query: Uint8Array, questionEnd: number): boolean {
  for (let i = HEADER_LENGTH; i < questionEnd - 4; i++) {
    if (isUpper(query[i] as number)) return true;
  }
  return false;
}

/**
 * Whether the name of the question that ends at `questionEnd` has enough letters and some in upper case: few other programs
 * send such names.
 */
export function isTellingCase(bytes: Uint8Array, questionEnd: number): boolean {
  let letters = 0;
  let upper = 0;
  for (let i = HEADER_LENGTH; i < questionEnd - 4; i++) {
    const octet = bytes[i] as number;
    if (octet >= 0x41 && octet <= 0x5a) upper++;
    else if (octet >= 0x61 && octet <= 0x7a) letters++;
  }
  return upper > 0 && letters + upper >= MIN_LETTERS;
}

function isUpper(octet: number): boolean {
  return octet >= 0x41 && octet <= 0x5a;
}

function mixCase(query: Buffer, nameEnd: number, random: Random): void {
  let bits = 0;
  let left = 0;
  for (let i = HEADER_LENGTH; i < nameEnd; i++) {
    const octet = query[i] as number;
    if (octet < 0x61 || octet > 0x7a) continue;
    if (left === 0) {
      bits = random.u16();
      left = 16;
    }
    if ((bits & 1) === 1) query[i] = octet & 0xdf;
    bits >>>= 1;
    left -= 1;
  }
}
