import { Opcode, Rcode, Type } from './codes.ts';
import { type Edns, optLength, readOptBody, writeOpt } from './edns.ts';
import { type Question, readQuestion, writeQuestion } from './question.ts';
import { type ResourceRecord, readRecord, writeRecord } from './record.ts';
import { WireError } from './wire-error.ts';
import { WireReader } from './wire-reader.ts';
import { MAX_MESSAGE_LENGTH, WireWriter } from './wire-writer.ts';

/** Octets of a header (RFC 1035 §4.1.1). */
export const HEADER_LENGTH = 12;

/** The one-bit fields of a header (RFC 1035 §4.1.1, RFC 4035 §3.1.6 and §3.2.2). */
export interface Flags {
  /** QR: a response. */
  readonly response: boolean;
  /** AA. */
  readonly authoritative: boolean;
  /** TC. */
  readonly truncated: boolean;
  /** RD. */
  readonly recursionDesired: boolean;
  /** RA. */
  readonly recursionAvailable: boolean;
  /** AD. */
  readonly authenticData: boolean;
  /** CD. */
  readonly checkingDisabled: boolean;
}

/** A DNS message; the OPT record is in `edns`, not in the additional section. */
export interface Message {
  /** ID, 0 to 65,535. */
  readonly id: number;
  /** OPCODE, 0 to 15. */
  readonly opcode: number;
  readonly flags: Flags;
  /** RCODE with the extended bits, 0 to 4,095. */
  readonly rcode: number;
  readonly questions: readonly Question[];
  readonly answers: readonly ResourceRecord[];
  readonly authorities: readonly ResourceRecord[];
  readonly additionals: readonly ResourceRecord[];
  /** Absent when the message has no OPT record. */
  readonly edns?: Edns;
}

/** All flags off. */
export const noFlags: Flags = {
  response: false,
  authoritative: false,
  truncated: false,
  recursionDesired: false,
  recursionAvailable: false,
  authenticData: false,
  checkingDisabled: false,
};

/** A query for one question: ID 0, RD set, EDNS if given. */
export function queryMessage(question: Question, edns?: Edns): Message {
  return {
    id: 0,
    opcode: Opcode.QUERY,
    flags: { ...noFlags, recursionDesired: true },
    rcode: Rcode.NOERROR,
    questions: [question],
    answers: [],
    authorities: [],
    additionals: [],
    ...(edns === undefined ? {} : { edns }),
  };
}

/**
 * Decodes a message. The counts of the header bound every loop, and each record takes at least 11 octets, so the work is
 * linear in the length.
 * @throws WireError for anything that is not exactly one message.
 */
export function decodeMessage(bytes: Uint8Array): Message {
  const reader = new WireReader(bytes);
  const id = reader.u16('ID');
  const bits = reader.u16('header flags');
  const questionCount = reader.u16('QDCOUNT');
  const answerCount = reader.u16('ANCOUNT');
  const authorityCount = reader.u16('NSCOUNT');
  const additionalCount = reader.u16('ARCOUNT');
  const questions: Question[] = [];
  for (let i = 0; i < questionCount; i++) questions.push(readQuestion(reader));
  const answers = readRecords(reader, answerCount);
  const authorities = readRecords(reader, authorityCount);
  const { records: additionals, edns, extendedRcode } = readAdditionals(reader, additionalCount);
  if (reader.remaining > 0) throw new WireError('trailing-bytes', 'message', reader.offset);
  return {
    id,
    opcode: (bits >>> 11) & 15,
    flags: readFlags(bits),
    rcode: (bits & 15) | (extendedRcode << 4),
    questions,
    answers,
    authorities,
    additionals,
    ...(edns === undefined ? {} : { edns }),
  };
}

/**
 * Writes a message with names compressed. When it would be over `limit` octets, additional records are left out
 * first, which needs no TC (RFC 2181 §9: "The TC bit should not be set merely because some extra information could
 * have been included, but there was insufficient room"); when that is not enough, every record is, and TC is set:
 * "When a DNS client receives a reply with TC set, it should ignore that response", so a part of it helps nobody.
 * The question and OPT always stay (RFC 6891 §7).
 * @throws WireError `message-too-long` when even these do not fit, or for a value that has no wire form.
 */
export function encodeMessage(
  message: Message,
  options: { readonly limit?: number; readonly compress?: boolean } = {},
): Uint8Array {
  const limit = Math.min(options.limit ?? MAX_MESSAGE_LENGTH, MAX_MESSAGE_LENGTH);
  const writer = new WireWriter({ compress: options.compress ?? true });
  const { edns } = message;
  const room = limit - (edns === undefined ? 0 : optLength(edns));
  writer.u16(message.id);
  writer.u16(headerBits(message));
  writer.u16(message.questions.length);
  for (let i = 0; i < 3; i++) writer.u16(0);
  for (const question of message.questions) writeQuestion(writer, question);
  if (writer.length > room) throw new WireError('message-too-long', 'question', writer.length);
  const bodyAt = writer.length;
  let additionalCount = 0;
  if (tryRecords(writer, [...message.answers, ...message.authorities], room)) {
    writer.patchU16(6, message.answers.length);
    writer.patchU16(8, message.authorities.length);
    if (tryRecords(writer, message.additionals, room)) additionalCount = message.additionals.length;
  } else {
    writer.rewind(bodyAt);
    writer.patchU16(2, headerBits(message) | 0x0200);
  }
  if (edns !== undefined) writeOpt(writer, edns, message.rcode);
  writer.patchU16(10, additionalCount + (edns === undefined ? 0 : 1));
  return writer.written.slice();
}

/**
 * Writes a message as `encodeMessage` does, but never a part of it.
 * @throws WireError `message-too-long` when not all of it fits into 65,535 octets.
 */
export function encodeWhole(message: Message): Uint8Array {
  const bytes = encodeMessage(message);
  const isCut = ((bytes[2] as number) & 0x02) !== 0 && !message.flags.truncated;
  const additionalCount = ((bytes[10] as number) << 8) | (bytes[11] as number);
  const expected = message.additionals.length + (message.edns === undefined ? 0 : 1);
  if (isCut || additionalCount !== expected) throw new WireError('message-too-long', 'message');
  return bytes;
}

/** Writes all of `records` within `room`, or none of them, and returns which. */
function tryRecords(writer: WireWriter, records: readonly ResourceRecord[], room: number): boolean {
  const start = writer.length;
  try {
    for (const record of records) {
      writeRecord(writer, record);
      if (writer.length > room) throw new WireError('message-too-long', 'message', writer.length);
    }
    return true;
  } catch (error) {
    if (!(error instanceof WireError) || error.code !== 'message-too-long') throw error;
    writer.rewind(start);
    return false;
  }
}

function readRecords(reader: WireReader, count: number): ResourceRecord[] {
  const records: ResourceRecord[] = [];
  for (let i = 0; i < count; i++) {
    const at = reader.offset;
    const record = readRecord(reader);
    // RFC 6891 §6.1.1: "The OPT RR MAY be placed anywhere within the additional data section", and nowhere else.
    if (record.type === Type.OPT) throw new WireError('duplicate-opt', 'OPT', at);
    records.push(record);
  }
  return records;
}

function readAdditionals(
  reader: WireReader,
  count: number,
): { records: ResourceRecord[]; edns: Edns | undefined; extendedRcode: number } {
  const records: ResourceRecord[] = [];
  let edns: Edns | undefined;
  let extendedRcode = 0;
  for (let i = 0; i < count; i++) {
    const at = reader.offset;
    const name = reader.name('NAME');
    const type = reader.u16('TYPE');
    if (type === Type.OPT) {
      // RFC 6891 §6.1.1: "If a query message with more than one OPT RR is received, a FORMERR MUST be returned",
      // and §6.1.2: its NAME "MUST be 0 (root domain)".
      if (edns !== undefined || !name.isRoot) throw new WireError('duplicate-opt', 'OPT', at);
      ({ edns, extendedRcode } = readOptBody(reader));
    } else {
      reader.offset = at;
      records.push(readRecord(reader));
    }
  }
  return { records, edns, extendedRcode };
}

function readFlags(bits: number): Flags {
  return {
    response: (bits & 0x8000) !== 0,
    authoritative: (bits & 0x0400) !== 0,
    truncated: (bits & 0x0200) !== 0,
    recursionDesired: (bits & 0x0100) !== 0,
    recursionAvailable: (bits & 0x0080) !== 0,
    authenticData: (bits & 0x0020) !== 0,
    checkingDisabled: (bits & 0x0010) !== 0,
  };
}

function headerBits({ flags, opcode, rcode }: Message): number {
  return (
    (flags.response ? 0x8000 : 0) |
    (opcode << 11) |
    (flags.authoritative ? 0x0400 : 0) |
    (flags.truncated ? 0x0200 : 0) |
    (flags.recursionDesired ? 0x0100 : 0) |
    (flags.recursionAvailable ? 0x0080 : 0) |
    (flags.authenticData ? 0x0020 : 0) |
    (flags.checkingDisabled ? 0x0010 : 0) |
    (rcode & 15)
  );
}
