import { Opcode, Rcode } from '../dns/codes.ts';
import type { ExtendedError } from '../dns/extended-error.ts';
import { decodeMessage, type Message, noFlags } from '../dns/message.ts';
import type { Question } from '../dns/question.ts';
import type { ResourceRecord } from '../dns/record.ts';
import type { UpstreamReply } from '../forward/reply.ts';

/** An answer made here, as records. */
export interface RecordsAnswer {
  readonly kind: 'records';
  /** 0 to 15. */
  readonly rcode: number;
  /** AA: the answer comes from a verified packet, or from our own rules. */
  readonly authoritative: boolean;
  readonly answers: readonly ResourceRecord[];
  readonly authorities: readonly ResourceRecord[];
  readonly additionals: readonly ResourceRecord[];
  readonly extendedErrors: readonly ExtendedError[];
}

/** An upstream resolver's answer, as the octets it sent. */
export interface ForwardedAnswer {
  readonly kind: 'forwarded';
  readonly reply: UpstreamReply;
}

/** A resolver's answer. It may be negative or an error RCODE; failing to find out is a `ResolveError`. */
export type Answer = RecordsAnswer | ForwardedAnswer;

/** An answer made here: NOERROR, authoritative and empty unless `parts` say otherwise. */
export function recordsAnswer(parts: Partial<Omit<RecordsAnswer, 'kind'>>): RecordsAnswer {
  return {
    kind: 'records',
    rcode: Rcode.NOERROR,
    authoritative: true,
    answers: [],
    authorities: [],
    additionals: [],
    extendedErrors: [],
    ...parts,
  };
}

/** Any answer as records. Does not throw: `readReply` has checked the octets of a forwarded answer. */
export function toRecords(answer: Answer): RecordsAnswer {
  if (answer.kind === 'records') return answer;
  const { answers, authorities, additionals } = decodeMessage(answer.reply.bytes);
  const { rcode, extendedErrors } = answer.reply;
  return recordsAnswer({
    rcode,
    authoritative: false,
    answers,
    authorities,
    additionals,
    extendedErrors,
  });
}

/** The reply message for an answer made here; ID 0. */
export function toMessage(answer: RecordsAnswer, question: Question): Message {
  return {
    id: 0,
    opcode: Opcode.QUERY,
    flags: {
      ...noFlags,
      response: true,
      recursionAvailable: true,
      authoritative: answer.authoritative,
    },
    rcode: answer.rcode,
    questions: [question],
    answers: answer.answers,
    authorities: answer.authorities,
    additionals: answer.additionals,
  };
}
