import { Rcode, rcodeToText, Type, typeToText } from '../../../dns/codes.ts';
import type { ExtendedError } from '../../../dns/extended-error.ts';
import type { Message } from '../../../dns/message.ts';
import type { TimedFact } from '../../../way/fact.ts';
import { Exit, type ExitCode } from '../../command.ts';
import type { GivenQuestion } from './read-questions.ts';

/** A question that was asked, and what was answered. */
export interface Asked {
  readonly question: GivenQuestion;
  /** The answer. Its RCODE has the extended bits. */
  readonly message: Pick<Message, 'flags' | 'rcode' | 'answers' | 'authorities'>;
  readonly extendedErrors: readonly ExtendedError[];
  /** How long it took. */
  readonly milliseconds: number;
  /** The running program had it in its cache, fresh; absent for an answer of another resolver. */
  readonly isCached?: boolean;
  /** The resolver that was asked; absent for the running program. */
  readonly server?: string;
  /** How the answer came about, if that was asked for. */
  readonly way?: readonly TimedFact[];
}

/** Whether there are records of the type that was asked for. An alias whose target has none is no data. */
export function exitOf({ question: { type }, message: { rcode, answers } }: Asked): ExitCode {
  if (rcode !== Rcode.NOERROR) return Exit.FAILED;
  const isThere = answers.some((record) => record.type === type || type === Type.ANY);
  return isThere ? Exit.OK : Exit.FAILED;
}

/** `NOERROR`, `NXDOMAIN`; what it means for those who do not know. */
export function summaryOf(asked: Asked): string {
  const rcode = rcodeToText(asked.message.rcode);
  if (asked.message.rcode === Rcode.NXDOMAIN) return `${rcode}: the name does not exist`;
  if (asked.message.rcode !== Rcode.NOERROR) return `${rcode}: there is no answer`;
  if (exitOf(asked) === Exit.OK) return rcode;
  return `${rcode}: there are no ${typeToText(asked.question.type)} records (NODATA)`;
}
