import type { Name } from './name.ts';
import type { WireReader } from './wire-reader.ts';
import type { WireWriter } from './wire-writer.ts';

/** A question (RFC 1035 §4.1.2). */
export interface Question {
  readonly name: Name;
  /** QTYPE, 0 to 65,535. */
  readonly type: number;
  /** QCLASS, 0 to 65,535; 1 is IN. */
  readonly class: number;
}

/** Reads one question. @throws WireError. */
export function readQuestion(reader: WireReader): Question {
  const name = reader.name('QNAME');
  return { name, type: reader.u16('QTYPE'), class: reader.u16('QCLASS') };
}

/** Writes one question. @throws WireError. */
export function writeQuestion(writer: WireWriter, question: Question): void {
  writer.name(question.name);
  writer.u16(question.type);
  writer.u16(question.class);
}
