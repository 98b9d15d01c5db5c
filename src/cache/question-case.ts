import { decodeMessage, encodeMessage, HEADER_LENGTH, type Message } from '../dns/message.ts';
import type { Question } from '../dns/question.ts';
import type { ResourceRecord } from '../dns/record.ts';
import { WireReader } from '../dns/wire-reader.ts';

/**
 * The message with every owner that is the question's name, or above it, in the case of the question: encoded, it points
 * there, and so is in the case in which each client wrote the question. Upstreams that spell such names out write them in
 * the random case in which they were asked (draft-vixie-dnsext-dns0x20).
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
 * The same for a message as octets, which are given back when there is nothing to do. The message is one that can be
 * decoded, has one question and no OPT record; `ttlOffsets` are those of its layout.
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
      // The upper bits of the RCODE are in an OPT record, which this has none of.
      const pointing = encodeMessage(inQuestionCase({ ...message, rcode: message.rcode & 15 }));
      // With names in RDATA that may not be compressed, it may be too long: then the octets stay as they are.
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

/** Whether the owner name at `start` is not a pointer alone, nor the root, and is at or above the question's. */
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
