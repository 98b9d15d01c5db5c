import type { VerifiedItem } from '../bep44/verified-item.ts';

/** Where a node of the DHT is reached: an IPv4 literal, never a name, and a UDP port from 1 to 65535. */
export interface NodeAddress {
  readonly host: string;
  readonly port: number;
}

/** What a lookup says while it goes on. The last event of a lookup that was not stopped is `done`. */
export type LookupEvent =
  /** A node returned an item of the key that was asked for. Nodes that return the same item give the same object. */
  | { readonly kind: 'item'; readonly item: VerifiedItem; readonly from: NodeAddress }
  /** A node says that what it holds is not newer than the `seq` asked with: it returned `seq` alone. */
  | { readonly kind: 'confirmation'; readonly seq: bigint; readonly from: NodeAddress }
  | { readonly kind: 'done'; readonly summary: LookupSummary };

/**
 * What was observed in a whole lookup, in nodes. `asked` = 0 means that no node is known, `answered` = 0 that none is
 * reached. `answered` = `held` + `confirmed` + `noValue` + `invalid`; the other nodes asked refused or were silent.
 */
export interface LookupSummary {
  readonly asked: number;
  readonly answered: number;
  /** Nodes that returned an item that holds. */
  readonly held: number;
  /** Nodes that returned a sequence number alone. */
  readonly confirmed: number;
  /** Nodes that hold nothing under the target. */
  readonly noValue: number;
  /** Nodes that returned a value that is not one: another key, a broken signature, a wrong type. */
  readonly invalid: number;
  /** Nodes that answered with an error or with something that is no KRPC reply. */
  readonly refused: number;
  /** Nodes that said nothing before the lookup ended. */
  readonly silent: number;
  /**
   * Why it ended: the closest nodes that live have answered; nobody is left to ask; or a bound of the lookup was
   * reached before either.
   */
  readonly ended: 'closest-answered' | 'exhausted' | 'limit';
}

/** What became of a put, in nodes. */
export interface PutOutcome {
  /** Nodes that the item was sent to: the 20 closest that gave a token, and up to 80 where nodes crowd around the target. */
  readonly asked: number;
  /** Nodes that said they stored it. */
  readonly stored: number;
  /** Nodes that held this very item before, and refused it as not newer (302). They keep it. */
  readonly alreadyHeld: number;
  /** Refusals by KRPC error code, those of `alreadyHeld` not counted. BEP 44 has 203, 205, 206, 207, 301 and 302. */
  readonly refused: Readonly<Record<string, number>>;
  /** Nodes that did not answer within the time-out. */
  readonly silent: number;
  /** Nodes that could not be sent to, or whose answer was no KRPC reply. */
  readonly failed: number;
  /** The largest sequence number that nodes showed under this key, valid items only. */
  readonly newestSeq?: bigint;
  /** True when at least half + 1 of the nodes that answered said 301 or 302. */
  readonly conflict: boolean;
}

/** What a node can say about itself. All counts are since it was started. */
export interface DhtStatus {
  /** Nodes in the routing table. */
  readonly nodes: number;
  /** The UDP port it is bound to. */
  readonly port: number;
  /** Its own node id, 20 bytes. */
  readonly nodeId: Uint8Array;
  /** Whether the id belongs to the external address (BEP 42). False while no external address is known. */
  readonly secureId: boolean;
  /** Our IPv4 address as others see it, once several agree. */
  readonly externalHost?: string;
  /** Whether queries of others are answered. */
  readonly serving: boolean;
  /** With `serve: 'auto'`, why they are answered or not. */
  readonly autoServing?: AutoServingState;
  /** Items kept for others. */
  readonly storedItems: number;
  /** Lookups and puts going on now. */
  readonly active: number;
  /** Queries sent, and how they ended. */
  readonly queries: {
    readonly sent: number;
    readonly answered: number;
    readonly refused: number;
    readonly silent: number;
  };
  /** Queries of others that were received well-formed, and answers sent to them. */
  readonly served: { readonly received: number; readonly answered: number };
  /** Datagrams that could not be sent, by system error code (`EPERM`, `ENETUNREACH`, …). */
  readonly sendErrors: Readonly<Record<string, number>>;
  /** Datagrams received and dropped, by reason. */
  readonly dropped: Readonly<Record<string, number>>;
  /** Errors thrown inside the DHT packages and kept there. Each is a bug. */
  readonly faults: number;
  /** The last of them, with its stack. */
  readonly lastFault?: string;
}

/**
 * Where a node stands that serves by itself.
 *
 * - `no-own-address`: no interface of this machine has the address that other nodes see, or they do not agree on one yet.
 * - `metered`: the connection of that address is metered.
 * - `not-reached`: no query of a stranger arrived in the last 15 minutes.
 * - `trial`: queries of strangers arrive, but not for 15 minutes yet.
 * - `serving`: it serves.
 */
export type AutoServingState = 'no-own-address' | 'metered' | 'not-reached' | 'trial' | 'serving';

/** Why a node stopped serving by itself. */
export type ServingEnd = 'no-own-address' | 'metered' | 'not-reached' | 'network-changed' | 'thread-died';

/** A node with `serve: 'auto'` began to serve at this address, or stopped. */
export type ServingChange =
  | { readonly kind: 'began'; readonly host: string }
  | { readonly kind: 'ended'; readonly reason: ServingEnd };

/** The public IPv4 addresses of this machine's interfaces: at which a node may serve, and those of metered connections. */
export interface ServingConditions {
  readonly hosts: readonly string[];
  readonly metered: readonly string[];
}

/** A node of the Mainline DHT. */
export interface DhtNode {
  /**
   * Asks the nodes closest to SHA-1(`key`) for the mutable item of `key` (32 bytes), and yields what each says as it
   * arrives. With `seq`, nodes that hold nothing newer return no item: see `confirmation`. Leaving the loop ends the
   * work on the network. When `signal` aborts, the work ends and the iteration throws the reason of the signal; this is
   * the way to stop while an event is awaited. A lookup ends by itself within 20 s.
   * Throws {@link MainlineError}.
   */
  lookup(
    key: Uint8Array,
    options: { readonly seq?: bigint; readonly signal: AbortSignal },
  ): AsyncIterable<LookupEvent>;
  /**
   * Stores `item` at the nodes closest to SHA-1 of its key; PutOutcome.asked says how many. With `cas`, nodes store it only if what they hold has
   * that sequence number. Rejects with the reason of `signal`, or with {@link MainlineError}; what nodes answer is
   * never an error but part of the outcome.
   */
  put(
    item: VerifiedItem,
    options: { readonly cas?: bigint; readonly signal: AbortSignal },
  ): Promise<PutOutcome>;
  /** Counters and state of this moment. */
  status(): Promise<DhtStatus>;
  /** Nodes that answered lately, at most 200, to be given as `nodes` at the next start. */
  knownNodes(): Promise<readonly NodeAddress[]>;
  /**
   * Searches for nodes now in place of waiting for the next time, at most a few times a second: for whoever does not want to
   * wait for a lookup in a network that did not answer lately. An answer shows in the status.
   */
  wake(): void;
  /** Resolves once nodes of the network are known. Stays pending while there is no network; rejects when closed. */
  ready(): Promise<void>;
  /** Ends everything that goes on, with `closed` for whoever waits, and frees the port. May be called twice. */
  close(): Promise<void>;
}

/** A node and what its owner tells it. */
export interface ControlledDhtNode extends DhtNode {
  /**
   * Gives other addresses to begin at than those of the options; lookups and puts that nobody has answered yet begin there
   * as well. Throws {@link MainlineError} of kind `invalid-argument`.
   */
  setBootstrap(addresses: readonly NodeAddress[]): void;
  /**
   * Tells a node with `serve: 'auto'` what this machine offers, about once a minute and after each {@link networkChanged}.
   * Until it is told, it does not serve.
   */
  setServingConditions(conditions: ServingConditions): void;
  /**
   * This machine is in another network: the external address is forgotten, nodes are searched for now, and a node that
   * served by itself stops.
   */
  networkChanged(): void;
}
