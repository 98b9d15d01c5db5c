import { LookupError } from '../../gateway/lookups.ts';
import type { FromThread, ToThread } from '../messages.ts';
import type { AnswerOf, CallName, CallTable, PartOf, QuestionOf } from './call.ts';

/** A call in progress. */
interface Waiting {
  readonly part: (part: unknown) => void;
  readonly result: (answer: unknown) => void;
  readonly failed: (error: Error) => void;
}

/** Asks the main thread, which has the resolver, the store and the DHT. */
export class RemoteCalls<Table extends CallTable<Table>> {
  readonly #say: (message: FromThread) => void;
  readonly #calls = new Map<number, Waiting>();
  #nextCall = 1;

  constructor(say: (message: FromThread) => void) {
    this.#say = say;
  }

  /**
   * The answer of the call `of`; `onPart` is given what comes before it. Aborting `signal` cancels the call.
   * @throws LookupError, and the reason of an aborted `signal`.
   */
  ask<Of extends CallName<Table>>(
    of: Of,
    question: QuestionOf<Table[Of]>,
    signal: AbortSignal,
    onPart: (part: PartOf<Table[Of]>) => void = () => {},
  ): Promise<AnswerOf<Table[Of]>> {
    if (signal.aborted) return Promise.reject(signal.reason);
    const call = this.#nextCall++;
    return new Promise((resolve, reject) => {
      const onAbort = () => {
        this.#calls.delete(call);
        this.#say({ kind: 'cancel', call });
        reject(signal.reason);
      };
      const settled =
        <T>(settle: (value: T) => void) =>
        (value: T) => {
          signal.removeEventListener('abort', onAbort);
          settle(value);
        };
      this.#calls.set(call, {
        // The main thread answers in the types of the same table.
        part: (part) => onPart(part as PartOf<Table[Of]>),
        result: settled((answer) => resolve(answer as AnswerOf<Table[Of]>)),
        failed: settled(reject),
      });
      signal.addEventListener('abort', onAbort, { once: true });
      this.#say({ kind: 'call', call, of, question });
    });
  }

  /** Takes an answer of the main thread, or a part of one. */
  receive(message: Extract<ToThread, { readonly kind: 'part' | 'result' | 'failed' }>): void {
    const waiting = this.#calls.get(message.call);
    if (waiting === undefined) return;
    if (message.kind === 'part') {
      waiting.part(message.part);
      return;
    }
    this.#calls.delete(message.call);
    if (message.kind === 'result') waiting.result(message.answer);
    else waiting.failed(new LookupError(message.failure, message.message));
  }
}
