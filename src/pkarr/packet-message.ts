import { Class, isMetaType } from '../dns/codes.ts';
import { lowerCase } from '../dns/name.ts';
import { readQuestion } from '../dns/question.ts';
import { isWellFormed } from '../dns/rdata/check.ts';
import { mayBeEmpty } from '../dns/rdata/form.ts';
import { type ResourceRecord, readRecord, writeRecord } from '../dns/record.ts';
import { WireError } from '../dns/wire-error.ts';
import { WireReader } from '../dns/wire-reader.ts';
import { WireWriter } from '../dns/wire-writer.ts';
import type { PublicKey } from './public-key.ts';

/** Maximum octets of a DNS message that is read: BEP 44 limits `v` to 1000. */
export const MAX_READ_BYTES = 1000;

/**
 * Maximum octets of a DNS message that is published. Some nodes apply the limit of 1000 to the bencoded value, which has the
 * four octets of `995:` in front, and some refuse exactly 1000.
 */
export const MAX_PUBLISH_BYTES = 995;

/** A message is longer than `MAX_PUBLISH_BYTES`. */
export class PacketTooLargeError extends Error {
  override readonly name = 'PacketTooLargeError';
  /** Octets of the message. */
  readonly size: number;
  /** Octets over the limit, at least 1. */
  readonly excess: number;

  constructor(size: number) {
    const excess = size - MAX_PUBLISH_BYTES;
    super(
      `The records take ${size} bytes, which is ${excess} over the ${MAX_PUBLISH_BYTES} that fit into a packet.`,
    );
    this.size = size;
    this.excess = excess;
  }
}

/**
 * The DNS message of a packet: id 0, flags 0x8000, `records` as answers, names compressed.
 * @throws PacketTooLargeError over 995 octets, and WireError for a record that has no wire form.
 */
export function encodePacketMessage(records: readonly ResourceRecord[]): Uint8Array {
  const writer = writeMessage(records);
  // If it is too long even for TCP and cannot be encoded, the lengths without compression are added up.
  if (writer === undefined) throw new PacketTooLargeError(uncompressedLength(records));
  if (writer.length > MAX_PUBLISH_BYTES) throw new PacketTooLargeError(writer.length);
  return writer.written.slice();
}

/** The octets that the message of these records takes, as many as it has. @throws WireError for a record that has no wire form. */
export function packetMessageLength(records: readonly ResourceRecord[]): number {
  return writeMessage(records)?.length ?? uncompressedLength(records);
}

/** Undefined for a message that is too long for DNS. @throws WireError */
function writeMessage(records: readonly ResourceRecord[]): WireWriter | undefined {
  const writer = new WireWriter();
  for (const field of [0, 0x8000, 0, records.length, 0, 0]) writer.u16(field);
  try {
    for (const record of records) writeRecord(writer, record);
    return writer;
  } catch (error) {
    if (!(error instanceof WireError) || error.code !== 'message-too-long') throw error;
    return undefined;
  }
}

/**
 * The records of a message that belong to `key`: those in the answer section, of class IN, of a type that a zone can have,
 * whose last label is the key and whose RDATA is valid. Any id, any flags and octets after the message are accepted, as in
 * other implementations. @throws WireError if it is not a DNS message.
 */
export function decodePacketMessage(message: Uint8Array, key: PublicKey): readonly ResourceRecord[] {
  const reader = new WireReader(message);
  reader.take(4, 'header');
  const questionCount = reader.u16('QDCOUNT');
  const answerCount = reader.u16('ANCOUNT');
  const otherCount = reader.u16('NSCOUNT') + reader.u16('ARCOUNT');
  for (let i = 0; i < questionCount; i++) readQuestion(reader);
  const answers: ResourceRecord[] = [];
  for (let i = 0; i < answerCount; i++) answers.push(readRecord(reader));
  // The other sections are only checked for their form: a truncated message is invalid.
  for (let i = 0; i < otherCount; i++) readRecord(reader);
  return answers.filter((record) => isUsable(record, key));
}

function isUsable({ name, type, class: rrClass, rdata }: ResourceRecord, key: PublicKey): boolean {
  if (rrClass !== Class.IN || isMetaType(type) || !isWellFormed(type, rdata)) return false;
  // RDLENGTH 0 is legal only in updates (RFC 2136 §2.4); a client cannot interpret it.
  if (rdata.length === 0 && !mayBeEmpty(type)) return false;
  return lowerCase(name.labels.at(-1) ?? '') === key.text;
}

function uncompressedLength(records: readonly ResourceRecord[]): number {
  return records.reduce((sum, { name, rdata }) => sum + name.wireLength + 10 + rdata.length, 12);
}
