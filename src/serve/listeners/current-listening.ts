import type { Opener } from '../open-listeners.ts';
import type { ListenSettings, ServedAddress } from '../served-address.ts';
import type { Listeners, ListeningParts } from './listeners.ts';
import { Listening } from './listening.ts';
import { sharedOpener } from './shared-opener.ts';

/** All listeners of a process, where the settings say and can say something else later. */
export class CurrentListening implements Listeners {
  readonly #parts: ListeningParts;
  #current: Listening;
  #opener: Opener | undefined;

  constructor(listen: ListenSettings, parts: ListeningParts) {
    this.#parts = parts;
    this.#current = new Listening(listen, parts);
  }

  /** See `Listening.open`. */
  async open(opener: Opener): Promise<readonly ServedAddress[]> {
    this.#opener = sharedOpener(opener);
    return await this.#current.open(this.#opener);
  }

  /** See `Listening.addresses`. */
  get addresses(): readonly ServedAddress[] {
    return this.#current.addresses;
  }

  /** See `Listeners`. The sockets of addresses that stay are kept. */
  async replace(listen: ListenSettings): Promise<readonly ServedAddress[]> {
    if (this.#opener === undefined) throw new RangeError('not opened yet');
    const next = new Listening(listen, this.#parts);
    await next.open(this.#opener);
    const old = this.#current;
    this.#current = next;
    await old.close();
    return next.addresses;
  }

  /** See `Listeners`. */
  async networkChanged(): Promise<void> {
    await this.#current.networkChanged();
  }

  /** See `Listeners`. */
  async leaveToOthers(): Promise<void> {
    await this.#current.leaveToOthers();
  }

  /** See `Listeners`. */
  async close(): Promise<void> {
    await this.#current.close();
  }
}
