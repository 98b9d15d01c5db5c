import type { Name } from '../dns/name.ts';
import type { Question } from '../dns/question.ts';
import type { RecordsAnswer } from '../resolve/answer.ts';

/** Answers that are known here and may change at any time, so that they stand before the cache: those of a hosts file. */
export interface LocalAnswers {
  /**
   * False when nothing is known of the QNAME of `request`, which is whole and uncompressed and ends before `nameEnd`. Asked
   * for every query, so it must cost next to nothing.
   */
  mayAnswer(request: Uint8Array, nameEnd: number): boolean;
  /** The answer; undefined when the cache and the resolver are to be asked. */
  answer(question: Question): RecordsAnswer | undefined;
  /** Whether the name exists whatever others say of it. */
  exists(name: Name): boolean;
}
