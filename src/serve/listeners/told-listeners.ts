import { ListenError } from '../listen-error.ts';
import {
  closeListeners,
  type ListenerPair,
  leaveListeners,
  type Opener,
  openListener,
} from '../open-listeners.ts';
import { type ServedAddress, servedAddressToText } from '../served-address.ts';
import type { Listeners } from './listeners.ts';

/** An address that a worker cannot listen on, though the primary found it available. A type, so that it can be cloned. */
export type ListenFailure = { readonly address: ServedAddress; readonly reason: string };

/**
 * The listeners of a worker, on the addresses that the primary names after it found them available. Each is tried once: see
 * `system/node/workers`.
 */
export class ToldListeners implements Listeners {
  readonly #wanted: ServedAddress[];
  readonly #onFailure: (failure: ListenFailure) => void;
  readonly #pairs = new Map<string, ListenerPair>();
  /** Settles when no change is running. */
  #changed: Promise<void> = Promise.resolve();
  /** Undefined before `open` and after `close`. */
  #opener: Opener | undefined;

  /** `onFailure` is called for each address that fails, unless all fail in `open`. */
  constructor(addresses: readonly ServedAddress[], onFailure: (failure: ListenFailure) => void) {
    this.#wanted = [...addresses];
    this.#onFailure = onFailure;
  }

  /** See `Listeners`. Rejects when all addresses fail. */
  async open(opener: Opener): Promise<readonly ServedAddress[]> {
    this.#opener = opener;
    await this.#change(async () => {
      const errors: ListenError[] = [];
      for (const address of this.#wanted) {
        const error = await this.#open(address, opener);
        if (error !== undefined) errors.push(error);
      }
      const [first] = errors;
      if (first !== undefined && this.#pairs.size === 0) throw first;
      for (const error of errors) this.#tell(error);
    });
    return [...this.#pairs.values()].map(({ address }) => address);
  }

  /** Listens on one more address, if it does not already. */
  async listenAt(address: ServedAddress): Promise<void> {
    if (this.#opener === undefined) this.#wanted.push(address);
    await this.#change(async (opener) => {
      if (this.#pairs.has(servedAddressToText(address))) return;
      const error = await this.#open(address, opener);
      if (error !== undefined) this.#tell(error);
    });
  }

  /** Stops listening on an address. */
  async leave(address: ServedAddress): Promise<void> {
    await this.#change(async () => {
      const key = servedAddressToText(address);
      const pair = this.#pairs.get(key);
      this.#pairs.delete(key);
      if (pair !== undefined) await closeListeners([pair]);
    });
  }

  /** The primary follows the setting, and tells us. */
  async replace(): Promise<readonly ServedAddress[]> {
    return [...this.#pairs.values()].map(({ address }) => address);
  }

  /** The primary follows the network. */
  async networkChanged(): Promise<void> {}

  /** See `Listeners`. */
  async leaveToOthers(): Promise<void> {
    await this.#change(() => leaveListeners([...this.#pairs.values()]));
  }

  /** See `Listeners`. */
  async close(): Promise<void> {
    await this.#change(async () => {
      this.#opener = undefined;
      const pairs = [...this.#pairs.values()];
      this.#pairs.clear();
      await closeListeners(pairs);
    });
  }

  /** Runs changes one after another. */
  #change(work: (opener: Opener) => Promise<void>): Promise<void> {
    const change = this.#changed.then(async () => {
      if (this.#opener !== undefined) await work(this.#opener);
    });
    const goOn = () => {};
    this.#changed = change.then(goOn, goOn);
    return change;
  }

  async #open(address: ServedAddress, opener: Opener): Promise<ListenError | undefined> {
    try {
      const pair = await openListener(address, opener);
      this.#pairs.set(servedAddressToText(pair.address), pair);
      return undefined;
    } catch (error) {
      if (error instanceof ListenError) return error;
      await closeListeners([...this.#pairs.values()]);
      throw error;
    }
  }

  #tell({ address, message }: ListenError): void {
    this.#onFailure({ address, reason: message });
  }
}
