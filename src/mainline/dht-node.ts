import type { VerifiedItem } from '../bep44/verified-item.ts';

/** The address of a DHT node: an IPv4 literal, never a name, and a UDP port from 1 to 65535. */
export interface NodeAddress {
  readonly host: string;
  readonly port: number;
}

/** What a lookup reports as it runs. The last event of a lookup that was not stopped is `done`. */
export type LookupEvent =
  /** A node returned a valid item of the key. The same item from several nodes is the same object. */
  | { readonly kind: 'item'; readonly item: VerifiedItem; readonly from: NodeAddress }
  /** A node returned only a `seq`: the item that it holds is not newer than the `seq` of the query. */
  | { readonly kind: 'confirmation'; readonly seq: bigint; readonly from: NodeAddress }
  /** Only in a lookup that is watched. */
  | NodeEvent
  | { readonly kind: 'done'; readonly summary: LookupSummary };

/** What somebody who watches is told of single nodes. */
export type NodeEvent =
  /** A node is asked. `near` is absent for an address whose id is not known, such as a bootstrap address. */
  | { readonly kind: 'asked'; readonly from: NodeAddress; readonly near?: Nearness }
  /** What came of it, before the event of its answer, if there is one. */
  | { readonly kind: 'node'; readonly from: NodeAddress; readonly found: NodeFinding };

/** How near an id is to the target of a lookup. Anybody can claim an id: see `isSecure`. */
export interface Nearness {
  /** Leading bits that it shares with the target, 0 to 160. */
  readonly sharedBits: number;
  /** The distance as a fraction of the id space, 0 to 1, with 48 bits of precision. */
  readonly distance: number;
  /** Whether the id fits the address (BEP 42), so that the node could not choose how near it is. */
  readonly isSecure: boolean;
}

/** What somebody who watches a put is told. Before it, there is a lookup for the nodes to put to. */
export type PutEvent =
  | NodeEvent
  /** The item is sent to so many nodes. */
  | { readonly kind: 'sent'; readonly nodes: number }
  /** What became of it at one of them. `kept`: it was stored, or the node had it already. */
  | { readonly kind: 'put'; readonly from: NodeAddress; readonly outcome: 'kept' | 'refused' | 'silent' };

/** What came of asking one node. */
export interface NodeFinding {
  /**
   * `item`: it returned a valid item. `seq`: only a sequence number. `nothing`: it has nothing under the target. `invalid`: it
   * returned an invalid value. `refused`: an error, or an invalid message. `silent`: no answer in time, or nothing could be sent.
   */
  readonly outcome: 'item' | 'seq' | 'nothing' | 'invalid' | 'refused' | 'silent';
  /** Of `item` and `seq`. */
  readonly seq?: bigint;
  /** How near the id is that it says it has. Absent without an answer. */
  readonly near?: Nearness;
  /** It gave a write token, so that something can be put there. */
  readonly hasToken?: true;
}

/**
 * The result of a whole lookup, in numbers of nodes. `asked` = 0 means that no node is known, `answered` = 0 that none could be
 * reached. `answered` = `held` + `confirmed` + `noValue` + `invalid`; the other nodes that were asked refused or were silent.
 */
export interface LookupSummary {
  readonly asked: number;
  readonly answered: number;
  /** Nodes that returned a valid item. */
  readonly held: number;
  /** Nodes that returned only a sequence number. */
  readonly confirmed: number;
  /** Nodes that have nothing under the target. */
  readonly noValue: number;
  /** Nodes that returned an invalid value: another key, an invalid signature, a wrong type. */
  readonly invalid: number;
  /** Nodes that answered with an error or with an invalid message. */
  readonly refused: number;
  /** Nodes that had not answered when the lookup ended. */
  readonly silent: number;
  /**
   * Why it ended: the closest live nodes have answered; all known nodes have been asked; or a limit of the lookup was
   * reached first.
   */
  readonly ended: 'closest-answered' | 'exhausted' | 'limit';
  /** About how many nodes the network has, as the distances of the nearest to some targets say; absent where fewer than 20 answered. */
  readonly networkNodes?: number;
}

/** The result of a put, in numbers of nodes. */
export interface PutOutcome {
  /** Nodes that the item was sent to: the 20 closest that gave a token, and up to 80 where nodes crowd around the target. */
  readonly asked: number;
  /** Nodes that report having stored it. */
  readonly stored: number;
  /** Nodes that already had exactly this item and refused it as not newer (302). They keep it. */
  readonly alreadyHeld: number;
  /** Errors by KRPC code, except those counted in `alreadyHeld`. BEP 44 has 203, 205, 206, 207, 301 and 302. */
  readonly refused: Readonly<Record<string, number>>;
  /** Nodes that did not answer within the timeout. */
  readonly silent: number;
  /** Nodes to which nothing could be sent, or whose answer was invalid. */
  readonly failed: number;
  /** The largest sequence number of the valid items that nodes returned for this key. */
  readonly newestSeq?: bigint;
  /** True when at least half + 1 of the nodes that answered said 301 or 302. */
  readonly conflict: boolean;
}

/** The status of a node. All counts are since its start. */
export interface DhtStatus {
  /** Nodes in the routing table; 0 while none of them can be reached, because many queries in a row were not answered. */
  readonly nodes: number;
  /** The UDP port it is bound to. */
  readonly port: number;
  /** Its own node id, 20 bytes. */
  readonly nodeId: Uint8Array;
  /** Whether the id fits the external address (BEP 42). False while the external address is not known. */
  readonly secureId: boolean;
  /** Our IPv4 address as seen by other nodes, once several agree. */
  readonly externalHost?: string;
  /** Whether queries of others are answered. */
  readonly serving: boolean;
  /** With `serve: 'auto'`, why they are answered or not. */
  readonly autoServing?: AutoServingState;
  /** Items stored for others. */
  readonly storedItems: number;
  /** Lookups and puts in progress. */
  readonly active: number;
  /** Queries sent, and how they ended. */
  readonly queries: {
    readonly sent: number;
    readonly answered: number;
    readonly refused: number;
    readonly silent: number;
  };
  /** Milliseconds since a node answered one of them; absent before the first answer. */
  readonly heardMs?: number;
  /** Valid queries of others, and answers sent. */
  readonly served: { readonly received: number; readonly answered: number };
  /** The system error code (`ENETUNREACH`, …) while queries cannot even be sent: absent once one was. */
  readonly unsent?: string;
  /** Milliseconds until nodes are searched for again; absent while that is done. */
  readonly nextSearchMs?: number;
  /** Datagrams that could not be sent, by system error code (`EPERM`, `ENETUNREACH`, …). */
  readonly sendErrors: Readonly<Record<string, number>>;
  /** Datagrams received and dropped, by reason. */
  readonly dropped: Readonly<Record<string, number>>;
  /** Errors that were thrown inside the DHT packages and caught. Each is a bug. */
  readonly faults: number;
  /** The last of them, with its stack. */
  readonly lastFault?: string;
}

/**
 * The state of a node with `serve: 'auto'`.
 *
 * - `no-own-address`: no interface of this machine has the address that other nodes see, or they do not agree on one yet.
 * - `metered`: the connection of that address is metered.
 * - `not-reached`: no unsolicited query arrived in the last 15 minutes.
 * - `trial`: unsolicited queries arrive, but not yet for 15 minutes.
 * - `serving`: it serves.
 */
export type AutoServingState = 'no-own-address' | 'metered' | 'not-reached' | 'trial' | 'serving';

/** Why a node stopped serving by itself. */
export type ServingEnd =
  | 'no-own-address'
  | 'metered'
  | 'not-reached'
  | 'network-changed'
  | 'thread-died'
  | 'closed';

/** A node with `serve: 'auto'` began to serve at this address, or stopped. */
export type ServingChange =
  | { readonly kind: 'began'; readonly host: string }
  | { readonly kind: 'ended'; readonly reason: ServingEnd };

/** The public IPv4 addresses of this machine's interfaces: at which a node may serve, and those of metered connections. */
export interface ServingConditions {
  readonly hosts: readonly string[];
  readonly metered: readonly string[];
}

/** See {@link DhtNode.lookup}. */
export interface LookupOptions {
  readonly seq?: bigint;
  readonly isWatched?: boolean;
  readonly isBrief?: boolean;
  readonly signal: AbortSignal;
}

/** See {@link DhtNode.put}. */
export interface PutOptions {
  readonly cas?: bigint;
  /** Is told what goes on: two events for each node that is asked, at most 256, and one for each that the item is put to. */
  readonly observe?: ((event: PutEvent) => void) | undefined;
  readonly signal: AbortSignal;
}

/** A node of the Mainline DHT. */
export interface DhtNode {
  /**
   * Asks the nodes closest to SHA-1(`key`) for the mutable item of `key` (32 bytes), and yields each answer when it
   * arrives. With `seq`, nodes without a newer item return only their sequence number: see `confirmation`. Leaving the loop
   * stops the lookup. When `signal` aborts, the lookup stops and the iteration throws the reason of the signal, also while
   * it waits for an event. A lookup ends within 20 s. One that is `isWatched` has two more events for each node that was asked, at
   * most 256, for people who look on. One that is `isBrief` tells each item once, of the node that returned it first, and no
   * confirmations: who needs the packet and not the number of those who have it is spared the rest.
   * Throws {@link MainlineError}.
   */
  lookup(key: Uint8Array, options: LookupOptions): AsyncIterable<LookupEvent>;
  /**
   * Stores `item` at the nodes closest to SHA-1 of its key; see PutOutcome.asked for their number. With `cas`, nodes store it
   * only if the item that they have has that sequence number. Rejects with the reason of `signal`, or with
   * {@link MainlineError}. Errors that nodes return are part of the outcome.
   */
  put(item: VerifiedItem, options: PutOptions): Promise<PutOutcome>;
  /** The current counters and state. */
  status(): Promise<DhtStatus>;
  /** At most 200 nodes that answered recently, for the option `nodes` of the next start. */
  knownNodes(): Promise<readonly NodeAddress[]>;
  /**
   * Searches for nodes now instead of at the next scheduled time, at most a few times a second. It is for callers that do not
   * start a lookup because no node answered recently; an answer shows in the status.
   */
  wake(): void;
  /** Resolves once nodes of the network are known, and is pending while there is no network. Rejects when closed. */
  ready(): Promise<void>;
  /** Fails all calls in progress with `closed`, and frees the port. May be called twice. */
  close(): Promise<void>;
}

/** A node with the methods of its owner. */
export interface ControlledDhtNode extends DhtNode {
  /**
   * Replaces the bootstrap addresses of the options. Lookups and puts without any answer so far also start there.
   * Throws {@link MainlineError} of kind `invalid-argument`.
   */
  setBootstrap(addresses: readonly NodeAddress[]): void;
  /**
   * Tells a node with `serve: 'auto'` the addresses of this machine. To be called about once a minute and after each
   * {@link networkChanged}. Before the first call the node does not serve.
   */
  setServingConditions(conditions: ServingConditions): void;
  /**
   * This machine is in another network: the external address is forgotten, nodes are searched for now, and a node that
   * served by itself stops.
   */
  networkChanged(): void;
}
