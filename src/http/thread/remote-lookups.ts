import type { Name } from '../../dns/name.ts';
import { LookupError, type Lookups } from '../../gateway/lookups.ts';
import { InvariantError } from '../../pkarr/invariant-error.ts';
import type { PublicKey } from '../../pkarr/public-key.ts';
import { SignedPacket } from '../../pkarr/signed-packet.ts';
import type { Call, CallResult, FromThread, ToThread } from './messages.ts';

/** A call in progress. */
interface Waiting {
  readonly result: (result: CallResult) => void;
  readonly failed: (error: Error) => void;
}

/** The lookups of the thread: it asks the main thread, which has the resolver. */
export class RemoteLookups implements Lookups {
  readonly #say: (message: FromThread) => void;
  readonly #calls = new Map<number, Waiting>();
  #nextCall = 1;

  constructor(say: (message: FromThread) => void) {
    this.#say = say;
  }

  /** See `Lookups`. A `SignedPacket` is always verified, also in this thread: 0.2 ms. */
  async packet(key: PublicKey, signal: AbortSignal): Promise<SignedPacket | undefined> {
    const result = await this.#ask({ of: 'packet', key: key.text }, signal);
    if (result.of !== 'packet') throw misdirected();
    if (result.payload === undefined) return undefined;
    const verdict = SignedPacket.fromRelayPayload(key, result.payload);
    if (!verdict.ok)
      throw new InvariantError(`a packet that the main thread verified does not verify: ${verdict.reason}`);
    return verdict.packet;
  }

  /** See `Lookups`. */
  async addresses(name: Name, signal: AbortSignal): Promise<readonly string[]> {
    const result = await this.#ask({ of: 'addresses', name: name.key }, signal);
    if (result.of !== 'addresses') throw misdirected();
    return result.addresses;
  }

  /** Takes an answer of the main thread. */
  receive(message: Extract<ToThread, { readonly kind: 'result' | 'failed' }>): void {
    const waiting = this.#calls.get(message.call);
    if (waiting === undefined) return;
    this.#calls.delete(message.call);
    if (message.kind === 'result') waiting.result(message.result);
    else waiting.failed(new LookupError(message.failure, message.message));
  }

  #ask(asked: Call, signal: AbortSignal): Promise<CallResult> {
    signal.throwIfAborted();
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
      this.#calls.set(call, { result: settled(resolve), failed: settled(reject) });
      signal.addEventListener('abort', onAbort, { once: true });
      this.#say({ kind: 'call', call, asked });
    });
  }
}

function misdirected(): Error {
  return new Error('the main thread answered with a result of another kind');
}
