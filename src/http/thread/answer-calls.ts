import { Name } from '../../dns/name.ts';
import { LookupError, type Lookups } from '../../gateway/lookups.ts';
import { PublicKey } from '../../pkarr/public-key.ts';
import type { Call, CallResult, ToThread } from './messages.ts';

/** Calls of the thread in flight; each may be a lookup in the DHT. */
const MAX_CALLS = 256;

/** Answers what the thread asks, with the resolver of the program. */
export class CallAnswers {
  readonly #lookups: Lookups;
  readonly #say: (message: ToThread) => void;
  readonly #onBug: (error: unknown) => void;
  readonly #calls = new Map<number, AbortController>();

  /** @param onBug called with an error that is no failure of a lookup; the thread is told that something went wrong. */
  constructor(lookups: Lookups, say: (message: ToThread) => void, onBug: (error: unknown) => void) {
    this.#lookups = lookups;
    this.#say = say;
    this.#onBug = onBug;
  }

  /** Answers later, unless the call is cancelled. */
  take(call: number, asked: Call): void {
    if (this.#calls.size >= MAX_CALLS) {
      this.#say({ kind: 'failed', call, failure: 'busy', message: 'Too many sites are being looked up.' });
      return;
    }
    const controller = new AbortController();
    this.#calls.set(call, controller);
    this.#answer(asked, controller.signal)
      .then(
        (result) => this.#tell(call, { kind: 'result', call, result }),
        (error: unknown) => this.#fail(call, error),
      )
      .catch(this.#onBug);
  }

  /** The thread does not want the answer any more. */
  cancel(call: number): void {
    this.#calls.get(call)?.abort();
    this.#calls.delete(call);
  }

  /** The thread has ended. */
  cancelAll(): void {
    for (const call of [...this.#calls.keys()]) this.cancel(call);
  }

  async #answer(asked: Call, signal: AbortSignal): Promise<CallResult> {
    if (asked.of === 'packet') {
      const packet = await this.#lookups.packet(PublicKey.fromLabel(asked.key), signal);
      return { of: 'packet', payload: packet?.toRelayPayload() };
    }
    return {
      of: 'addresses',
      addresses: await this.#lookups.addresses(Name.fromKey(asked.name), signal),
    };
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
