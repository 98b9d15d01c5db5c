import { clientKey } from '../../serve/clients/rate-limit.ts';
import { limits } from '../limits.ts';

/** Bounds of the connections at one address. */
interface ConnectionBounds {
  readonly connections: number;
  readonly connectionsPerClient: number;
}

/**
 * Counts the connections at one address, all together and those of each client, so that no client has all of them. The programs of
 * this machine, and the clients behind a proxy, cannot be told apart by their address, and have no share.
 */
export class ConnectionCounts {
  readonly #isProxy: (address: string) => boolean;
  readonly #bounds: ConnectionBounds;
  readonly #ofClients = new Map<string, number>();
  #all = 0;

  /** @param bounds others in tests. */
  constructor(isProxy: (address: string) => boolean, bounds: ConnectionBounds = limits) {
    this.#isProxy = isProxy;
    this.#bounds = bounds;
  }

  /**
   * Counts a connection of the client at `address`.
   * @returns what to call once when it is closed; undefined when there are too many.
   */
  take(address: string): (() => void) | undefined {
    const key = this.#isProxy(address) ? undefined : clientKey(address, limits.clientOctets);
    const own = key === undefined ? 0 : (this.#ofClients.get(key) ?? 0);
    if (this.#all >= this.#bounds.connections || own >= this.#bounds.connectionsPerClient) return undefined;
    this.#all++;
    if (key !== undefined) this.#ofClients.set(key, own + 1);
    return () => {
      this.#all--;
      if (key !== undefined) this.#leave(key);
    };
  }

  #leave(key: string): void {
    const left = (this.#ofClients.get(key) ?? 1) - 1;
    if (left === 0) this.#ofClients.delete(key);
    else this.#ofClients.set(key, left);
  }
}
