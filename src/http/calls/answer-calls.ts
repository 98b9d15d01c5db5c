import { LookupError } from '../../gateway/lookups.ts';
import type { ToThread } from '../messages.ts';
import type { Call, CallName, CallTable } from './call.ts';

/** Calls of one name in flight; each may be a lookup in the DHT. */
const MAX_CALLS = 256;

/** A call in flight. */
interface Running {
  readonly of: string;
  readonly controller: AbortController;
}

/** Answers what the thread asks, in the main thread. */
export class CallAnswers<Table extends CallTable<Table>> {
  readonly #table: Table;
  readonly #say: (message: ToThread) => void;
  readonly #onBug: (error: unknown) => void;
  readonly #calls = new Map<number, Running>();

  /** @param onBug called with an error that is no `LookupError`; the thread is told that something went wrong. */
  constructor(table: Table, say: (message: ToThread) => void, onBug: (error: unknown) => void) {
    this.#table = table;
    this.#say = say;
    this.#onBug = onBug;
  }

  /** Answers later, unless the call is cancelled. */
  take({
    call,
    of,
    question,
  }: {
    readonly call: number;
    readonly of: string;
    readonly question: unknown;
  }): void {
    if (this.#count(of) >= MAX_CALLS) {
      this.#say({ kind: 'failed', call, failure: 'busy', message: 'Too many requests are being answered.' });
      return;
    }
    const controller = new AbortController();
    this.#calls.set(call, { of, controller });
    this.#run(call, of, question, controller.signal)
      .then(
        (answer) => this.#tell(call, { kind: 'result', call, answer }),
        (error: unknown) => this.#fail(call, error),
      )
      .catch(this.#onBug);
  }

  /** The thread does not want the answer any more. */
  cancel(call: number): void {
    this.#calls.get(call)?.controller.abort();
    this.#calls.delete(call);
  }

  /** The thread has ended. */
  cancelAll(): void {
    for (const call of [...this.#calls.keys()]) this.cancel(call);
  }

  async #run(call: number, of: string, question: unknown, signal: AbortSignal): Promise<unknown> {
    // The thread is this program too, and asks in the types of the same table.
    const answer: Call<never, unknown> = this.#table[of as CallName<Table>];
    const push = (part: unknown) => {
      if (this.#calls.has(call)) this.#say({ kind: 'part', call, part });
    };
    return await answer(question as never, { signal, push });
  }

  #count(of: string): number {
    let count = 0;
    for (const running of this.#calls.values()) if (running.of === of) count++;
    return count;
  }

  #fail(call: number, error: unknown): void {
    if (error instanceof LookupError) {
      this.#tell(call, { kind: 'failed', call, failure: error.kind, message: error.message });
      return;
    }
    // After a cancellation whatever was thrown is of no concern.
    if (!this.#calls.has(call)) return;
    this.#onBug(error);
    this.#tell(call, {
      kind: 'failed',
      call,
      failure: 'internal',
      message: 'An internal error; see the log.',
    });
  }

  #tell(call: number, message: ToThread): void {
    if (this.#calls.delete(call)) this.#say(message);
  }
}
