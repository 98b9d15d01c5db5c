import { decodeMessage, encodeMessage, HEADER_LENGTH, type Message } from '../dns/message.ts';
import type { Question } from '../dns/question.ts';
import type { ResourceRecord } from '../dns/record.ts';
import { WireReader } from '../dns/wire-reader.ts';

/**
 * The message with each owner name that is the question's name, or above it, in the case of the question: encoding
 * compresses it to a pointer there, so that each client sees the case that it sent. An upstream that does not compress
 * returns our random case (draft-vixie-dnsext-dns0x20).
 */
export function inQuestionCase(message: Message): Message {
  const [question] = message.questions;
  const inCase = (records: readonly ResourceRecord[]) => records.map((record) => renamed(record, question));
  return {
    ...message,
    answers: inCase(message.answers),
    authorities: inCase(message.authorities),
    additionals: inCase(message.additionals),
  };
}

/**
 * The same for an encoded message, which is returned itself when nothing needs to change. It must be valid, with one
 * question and no OPT record; `ttlOffsets` are those of its layout.
 */
export function pointAtQuestion(
  bytes: Uint8Array,
  questionEnd: number,
  ttlOffsets: readonly number[],
): Uint8Array {
  let start = questionEnd;
  for (const ttlAt of ttlOffsets) {
    if (spellsOutQuestion(bytes, start)) {
      const message = decodeMessage(bytes);
      // Without an OPT record, the RCODE has four bits.
      const pointing = encodeMessage(inQuestionCase({ ...message, rcode: message.rcode & 15 }));
      // Decompressed names in RDATA can make it too long; then the message stays as it is.
      return Buffer.compare(countsOf(pointing), countsOf(bytes)) === 0 ? pointing : bytes;
    }
    start = ttlAt + 6 + (((bytes[ttlAt + 4] as number) << 8) | (bytes[ttlAt + 5] as number));
  }
  return bytes;
}

function renamed(record: ResourceRecord, question: Question | undefined): ResourceRecord {
  if (question?.name.isWithin(record.name) !== true) return record;
  return { ...record, name: question.name.ancestor(record.name.labels.length) };
}

/** Whether the owner name at `start` is at or above the question's name, and neither the root nor just a pointer. */
function spellsOutQuestion(bytes: Uint8Array, start: number): boolean {
  const first = bytes[start] as number;
  if (first === 0 || first >= 0xc0) return false;
  const question = new WireReader(bytes, HEADER_LENGTH).name('QNAME');
  return question.isWithin(new WireReader(bytes, start).name('NAME'));
}

/** ANCOUNT, NSCOUNT and ARCOUNT. */
function countsOf(bytes: Uint8Array): Uint8Array {
  return bytes.subarray(6, HEADER_LENGTH);
}
