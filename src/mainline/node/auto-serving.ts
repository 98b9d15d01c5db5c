import { type Ipv4, parseIpv4 } from '../addresses.ts';
import type { AutoServingState, ServingChange, ServingConditions, ServingEnd } from '../dht-node.ts';
import { Reachability } from './reachability.ts';

/** Options and callbacks of {@link AutoServing}. */
export interface AutoServingOptions {
  /** Milliseconds of a monotonic clock that also counts the time in which the machine slept. */
  readonly now: () => number;
  /** The IPv4 address at which others see this node, once several agree. */
  readonly seenAt: () => string | undefined;
  /** Starts or stops serving. */
  readonly serve: (change: ServingChange) => void;
}

/**
 * Decides whether a node with `serve: 'auto'` serves. It does while three conditions are met: an interface of this machine has
 * the address that other nodes see; its connection is not metered; unsolicited queries have arrived for 15 minutes. A node
 * behind a NAT does not serve, even if queries arrive: the mapping may be closed at any moment.
 */
export class AutoServing {
  readonly #options: AutoServingOptions;
  readonly #reachability = new Reachability();
  #conditions: ServingConditions = { hosts: [], metered: [] };
  /** The last address on which other nodes agreed in this network. */
  #seenAt: string | undefined;
  /** The same, if it is an address of this machine and the node may serve there. */
  #own: Ipv4 | undefined;
  #isServing = false;

  /** Does not serve before the conditions are set. */
  constructor(options: AutoServingOptions) {
    this.#options = options;
  }

  /** Why the node serves or does not. */
  get state(): AutoServingState {
    if (this.#isServing) return 'serving';
    const obstacle = this.#obstacle();
    if (obstacle !== undefined) return obstacle;
    return this.#reachability.stateAt(this.#options.now()) === 'unreached' ? 'not-reached' : 'trial';
  }

  /** A query is sent to `host`. */
  asked(host: Ipv4): void {
    this.#reachability.asked(host, this.#options.now());
  }

  /** A valid query of `host` arrived. */
  received(host: Ipv4): void {
    this.#look();
    if (this.#own === undefined) return;
    this.#reachability.received(host, this.#own, this.#options.now());
    this.#look();
  }

  /** The addresses of this machine. To be called about once a minute; that is also when missing queries are noticed. */
  setConditions(conditions: ServingConditions): void {
    this.#conditions = conditions;
    this.#look();
  }

  /** This machine is in another network: stops serving, and waits for 15 minutes of queries again. */
  networkChanged(): void {
    this.#conditions = { hosts: [], metered: [] };
    this.#seenAt = undefined;
    this.#end('network-changed');
  }

  #look(): void {
    const seenAt = this.#options.seenAt() ?? this.#seenAt;
    if (seenAt !== this.#seenAt) this.#end('no-own-address');
    this.#seenAt = seenAt;
    const obstacle = this.#obstacle();
    if (obstacle !== undefined || seenAt === undefined) {
      this.#end(obstacle ?? 'no-own-address');
      return;
    }
    this.#own = parseIpv4(seenAt);
    const isReached = this.#reachability.stateAt(this.#options.now()) === 'reached';
    if (this.#isServing && !isReached) this.#end('not-reached');
    if (this.#isServing || !isReached) return;
    this.#isServing = true;
    this.#options.serve({ kind: 'began', host: seenAt });
  }

  /** The condition that is not met, except that queries arrive. */
  #obstacle(): 'no-own-address' | 'metered' | undefined {
    const { hosts, metered } = this.#conditions;
    if (this.#seenAt === undefined) return 'no-own-address';
    if (hosts.includes(this.#seenAt)) return undefined;
    return metered.includes(this.#seenAt) ? 'metered' : 'no-own-address';
  }

  #end(reason: ServingEnd): void {
    this.#own = undefined;
    this.#reachability.forget();
    if (!this.#isServing) return;
    this.#isServing = false;
    this.#options.serve({ kind: 'ended', reason });
  }
}
