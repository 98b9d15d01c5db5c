import { type Ipv4, parseIpv4 } from '../addresses.ts';
import type { AutoServingState, ServingChange, ServingConditions, ServingEnd } from '../dht-node.ts';
import { Reachability } from './reachability.ts';

/** What serving by itself needs. */
export interface AutoServingOptions {
  /** Milliseconds of a clock that does not go back and counts the time that the machine slept. */
  readonly now: () => number;
  /** The IPv4 address at which others see this node, once several agree. */
  readonly seenAt: () => string | undefined;
  /** Begins or ends to serve. */
  readonly serve: (change: ServingChange) => void;
}

/**
 * Decides whether a node serves by itself (`serve: 'auto'`). It does so while it has a public address of its own, which means
 * that an interface of this machine has the address that others see, the connection is not metered, and strangers have
 * reached it for a quarter of an hour. A NAT that happens to be open may close at any moment, and its ports are few, so an
 * address behind one is not enough.
 */
export class AutoServing {
  readonly #options: AutoServingOptions;
  readonly #reachability = new Reachability();
  #conditions: ServingConditions = { hosts: [], metered: [] };
  /** The address at which others see this node in this network; some of them may be silent or wrong for a while. */
  #seenAt: string | undefined;
  /** The same if it is an address of this machine at which the node may serve. */
  #own: Ipv4 | undefined;
  #isServing = false;

  /** Begins without conditions, so not at all. */
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

  /** A well-formed query of `host` arrived. */
  received(host: Ipv4): void {
    this.#look();
    if (this.#own === undefined) return;
    this.#reachability.received(host, this.#own, this.#options.now());
    this.#look();
  }

  /** What this machine offers now. To be called about once a minute, because it also notices that nobody arrives any more. */
  setConditions(conditions: ServingConditions): void {
    this.#conditions = conditions;
    this.#look();
  }

  /** This machine is in another network, so everything begins anew. */
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

  /** What speaks against serving, apart from who arrives. */
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
