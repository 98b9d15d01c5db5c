import { type ListenAddress, listenAddressToText } from '../config/listen-address.ts';
import { ListenError } from './listen-error.ts';
import type { Listeners } from './listening.ts';
import { closeListeners, type ListenerPair, type Opener, openPair } from './open-listeners.ts';

/** An address that a worker cannot have though the primary could. Its parts can cross to another process. */
export type ListenFailure = { readonly address: ListenAddress; readonly reason: string };

/**
 * The listeners of a worker: at the addresses that the primary names, and has found out that they can be had. Each is
 * tried once: see `system/node/workers`.
 */
export class ToldListeners implements Listeners {
  readonly #wanted: ListenAddress[];
  readonly #onFailure: (failure: ListenFailure) => void;
  readonly #pairs = new Map<string, ListenerPair>();
  /** Settles when nothing is being opened or closed. */
  #changed: Promise<void> = Promise.resolve();
  /** Undefined before `open` and after `close`. */
  #opener: Opener | undefined;

  /** `onFailure` is told of each address that cannot be had, as long as another can. */
  constructor(addresses: readonly ListenAddress[], onFailure: (failure: ListenFailure) => void) {
    this.#wanted = [...addresses];
    this.#onFailure = onFailure;
  }

  /** See `Listeners`. Rejects when none of several addresses can be had. */
  async open(opener: Opener): Promise<readonly ListenAddress[]> {
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

  /** Listens at one more address; nothing is done when it is one of ours. */
  async listenAt(address: ListenAddress): Promise<void> {
    if (this.#opener === undefined) this.#wanted.push(address);
    await this.#change(async (opener) => {
      if (this.#pairs.has(listenAddressToText(address))) return;
      const error = await this.#open(address, opener);
      if (error !== undefined) this.#tell(error);
    });
  }

  /** Listens at it no longer. */
  async leave(address: ListenAddress): Promise<void> {
    await this.#change(async () => {
      const key = listenAddressToText(address);
      const pair = this.#pairs.get(key);
      this.#pairs.delete(key);
      if (pair !== undefined) await closeListeners([pair]);
    });
  }

  /** The primary follows the network. */
  async networkChanged(): Promise<void> {}

  /** See `Listeners`. */
  async close(): Promise<void> {
    await this.#change(async () => {
      this.#opener = undefined;
      const pairs = [...this.#pairs.values()];
      this.#pairs.clear();
      await closeListeners(pairs);
    });
  }

  /** One change after another. */
  #change(work: (opener: Opener) => Promise<void>): Promise<void> {
    const change = this.#changed.then(async () => {
      if (this.#opener !== undefined) await work(this.#opener);
    });
    const goOn = () => {};
    this.#changed = change.then(goOn, goOn);
    return change;
  }

  async #open(address: ListenAddress, opener: Opener): Promise<ListenError | undefined> {
    try {
      const pair = await openPair(address, opener);
      this.#pairs.set(listenAddressToText(pair.address), pair);
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
