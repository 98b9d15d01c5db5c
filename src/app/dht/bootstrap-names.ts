import type { Clock } from '../../async/clock.ts';
import { throwLater } from '../../async/throw-later.ts';
import { WireError } from '../../dns/wire-error.ts';
import type { NodeAddress } from '../../mainline/dht-node.ts';
import type { Log } from '../../observe/log.ts';
import { ResolveError } from '../../resolve/errors.ts';
import { resolveHost } from '../../resolve/host-addresses.ts';
import type { Resolver } from '../../resolve/query.ts';

/** Milliseconds between attempts while no name has an address; doubled up to the maximum. */
const FIRST_PAUSE = 500;
const MAX_PAUSE = 60_000;
/** Milliseconds for which a failed attempt answers whoever asks for another. */
const FAILED_FOR = 200;

/** What the names are resolved with, and who is told. */
export interface BootstrapNamesParts {
  /** Bootstrap hosts that are given by name. */
  readonly hosts: readonly NodeAddress[];
  /** Asks upstreams of ours. */
  readonly resolver: Resolver;
  /** Told the addresses of all names that have some, at least one. */
  readonly onAddresses: (addresses: readonly NodeAddress[]) => void;
  readonly clock: Clock;
  readonly log: Log;
}

/**
 * Resolves the names of bootstrap hosts, when that is first asked for, and again with growing pauses while none of them
 * has an address. A pause ends when somebody asks and when the network changes. One attempt runs at a time.
 */
export class BootstrapNames {
  readonly #parts: BootstrapNamesParts;
  readonly #closing = new AbortController();
  #attempt: Promise<void> | undefined;
  #isResolved: boolean;
  #failedAt = Number.NEGATIVE_INFINITY;
  #pause = FIRST_PAUSE;
  /** Calls off the next attempt, while one is scheduled. */
  #callOff: (() => void) | undefined;

  constructor(parts: BootstrapNamesParts) {
    this.#parts = parts;
    this.#isResolved = parts.hosts.length === 0;
  }

  /** Makes an attempt, unless one is being made or is not needed. Resolves when it is over, whatever it found. */
  async resolve(): Promise<void> {
    const { clock } = this.#parts;
    if (this.#isResolved || this.#closing.signal.aborted) return;
    if (this.#attempt === undefined && clock.now() - this.#failedAt < FAILED_FOR) return;
    this.#attempt ??= this.#try();
    await this.#attempt;
  }

  /** What failed in the old network may work in this one: a pause ends, and the next is short. */
  networkChanged(): void {
    this.#pause = FIRST_PAUSE;
    this.#failedAt = Number.NEGATIVE_INFINITY;
    this.resolve().catch(throwLater);
  }

  /** Ends all attempts. */
  close(): void {
    this.#callOff?.();
    this.#closing.abort(new Error('the DHT node is closing'));
  }

  async #try(): Promise<void> {
    const { hosts, onAddresses, clock } = this.#parts;
    try {
      const addresses = (await Promise.all(hosts.map((host) => this.#addressesOf(host)))).flat();
      if (this.#closing.signal.aborted) return;
      this.#isResolved = addresses.length > 0;
      if (this.#isResolved) {
        this.#callOff?.();
        this.#callOff = undefined;
        this.#pause = FIRST_PAUSE;
        onAddresses(addresses);
        return;
      }
      this.#failedAt = clock.now();
      // An attempt that somebody asked for changes nothing about the pauses.
      if (this.#callOff === undefined) this.#scheduleNext();
    } finally {
      this.#attempt = undefined;
    }
  }

  #scheduleNext(): void {
    const { hosts, clock, log } = this.#parts;
    const pause = this.#pause;
    this.#pause = Math.min(pause * 2, MAX_PAUSE);
    log.warn('No DHT bootstrap host could be resolved.', {
      hosts: hosts.map(({ host }) => host).join(', '),
      retryInSeconds: pause / 1000,
    });
    const next = () => {
      this.#callOff = undefined;
      this.resolve().catch(throwLater);
    };
    this.#callOff = clock.after(pause, next, true);
  }

  async #addressesOf({ host, port }: NodeAddress): Promise<readonly NodeAddress[]> {
    const { resolver, log } = this.#parts;
    const { signal } = this.#closing;
    try {
      return (await resolveHost(resolver, host, signal)).map((address) => ({ host: address, port }));
    } catch (error) {
      if (signal.aborted) return [];
      if (!(error instanceof ResolveError || error instanceof WireError)) throw error;
      log.debug('A DHT bootstrap host could not be resolved.', { host, reason: error.message });
      return [];
    }
  }
}
