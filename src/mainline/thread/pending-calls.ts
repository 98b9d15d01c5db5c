import type { PutEvent } from '../dht-node.ts';
import { MainlineError } from '../errors.ts';
import type { FromThread, ThreadEvent, ThreadResult, ToThread } from './messages.ts';

/** A call in progress. */
interface WaitingCall {
  readonly event?: (event: ThreadEvent) => void;
  readonly putEvent?: ((event: PutEvent) => void) | undefined;
  readonly result: (result: ThreadResult) => void;
  readonly failed: (error: MainlineError) => void;
}

/** What calls are sent with. */
export interface PendingCallsParts {
  /** @throws MainlineError when there is no thread to send a call to. */
  readonly check: () => void;
  /** Does nothing when there is no thread. */
  readonly say: (message: ToThread) => void;
}

/** The calls of the thread that are in progress. */
export class PendingCalls {
  readonly #parts: PendingCallsParts;
  readonly #calls = new Map<number, WaitingCall>();
  #nextCall = 1;

  constructor(parts: PendingCallsParts) {
    this.#parts = parts;
  }

  /** Sends a call that has one result. Rejects with MainlineError, or with the reason of `signal`. */
  ask(
    message: (call: number) => ToThread,
    { signal, putEvent }: { readonly signal?: AbortSignal } & Pick<WaitingCall, 'putEvent'> = {},
  ): Promise<ThreadResult> {
    return new Promise((resolve, reject) => {
      const onAbort = () => {
        this.cancel(call);
        reject(signal?.reason);
      };
      const settled =
        <T>(settle: (value: T) => void) =>
        (value: T) => {
          signal?.removeEventListener('abort', onAbort);
          settle(value);
        };
      const call = this.open(message, { putEvent, result: settled(resolve), failed: settled(reject) });
      signal?.addEventListener('abort', onAbort, { once: true });
    });
  }

  /** Sends a call, and returns its number. @throws MainlineError when there is no thread to send it to. */
  open(message: (call: number) => ToThread, waits: WaitingCall): number {
    this.#parts.check();
    const call = this.#nextCall++;
    this.#calls.set(call, waits);
    this.#parts.say(message(call));
    return call;
  }

  /** Nobody waits for this call any more, if it is in progress. */
  cancel(call: number): void {
    if (this.#take(call) !== undefined) this.#parts.say({ kind: 'cancel', call });
  }

  /** Takes what the thread says of a call. */
  receive(
    message: Extract<FromThread, { readonly kind: 'event' | 'put-event' | 'result' | 'failed' }>,
  ): void {
    switch (message.kind) {
      case 'event':
        this.#calls.get(message.call)?.event?.(message.event);
        return;
      case 'put-event':
        this.#calls.get(message.call)?.putEvent?.(message.event);
        return;
      case 'result':
        this.#take(message.call)?.result(message.result);
        return;
      case 'failed':
        this.#take(message.call)?.failed(new MainlineError(message.problem.kind, message.problem.message));
    }
  }

  /** All calls in progress fail. */
  failAll(error: MainlineError): void {
    for (const call of [...this.#calls.keys()]) this.#take(call)?.failed(error);
  }

  #take(call: number): WaitingCall | undefined {
    const waits = this.#calls.get(call);
    this.#calls.delete(call);
    return waits;
  }
}
