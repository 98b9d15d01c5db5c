import type { NetworkKind } from '../addresses.ts';
import type { NodeAddress } from '../dht-node.ts';
import type { AskOutcome, KrpcSocket } from '../socket/krpc-socket.ts';
import { NetworkSize, targetsAround } from '../traversal/network-size.ts';
import { RoundTripEstimate } from '../traversal/round-trip.ts';
import { SilentNodes } from '../traversal/silent-nodes.ts';
import { type AskedNode, Traversal, type TraversalEnd } from '../traversal/traversal.ts';
import type { Encodable } from '../wire/bencode-write.ts';
import type { NodeContact } from '../wire/compact-nodes.ts';
import { OutgoingQuery } from '../wire/krpc-encode.ts';
import type { ExternalAddress } from './external-address.ts';
import type { Routing } from './routing.ts';

/** Nodes that are asked whether they are back, and bootstrap addresses. */
const PROBED = 4;
/**
 * Nodes of the table at which a traversal starts. Those that answer name others; only when they all are silent are the rest of the
 * table of use, and then the beginnings are asked.
 */
const SEEDS = 40;
/** With fewer nodes in the table, a traversal also starts at the bootstrap addresses and at remembered nodes. */
const THIN_TABLE = 8;
/** Remembered nodes at which one traversal starts; the next starts at others. Even after days, some of sixteen are still up. */
const REMEMBERED_AT_ONCE = 16;

/**
 * Open queries of all traversals together, shared while many run. A single traversal asks its 20 closest nodes at once, which
 * is fastest; 30 that do so delay each other in our own socket. Each has at least LEAST_SHARE, Kademlia's α: of three nodes one
 * answers nearly always, even if a third of them are silent, and the share grows with each traversal that has found something.
 */
const SHARED_QUERIES = 48;
const LEAST_SHARE = 3;

/** Open queries of a traversal that has already found what its caller waits for, while others have not. */
const SATISFIED_SHARE = 1;

/** The parts of {@link Network}. */
export interface NetworkOptions {
  readonly kind: NetworkKind;
  readonly socket: KrpcSocket;
  readonly routing: Routing;
  readonly external: ExternalAddress;
  /** Addresses of nodes that are always up; see {@link Network.setBootstrap}. */
  readonly bootstrap: readonly NodeAddress[];
  /** Nodes of an earlier run; all of them may be gone. */
  readonly remembered: readonly NodeAddress[];
  /** Queries that one traversal may have open at once. */
  readonly concurrency: number;
  /** Timeout of a query in milliseconds. */
  readonly timeoutMs: number;
  /** Milliseconds of a monotonic clock. */
  readonly now: () => number;
}

/** The callbacks of a traversal. */
export interface TraversalEvents {
  readonly onAsked?: (node: AskedNode) => void;
  /** Returns true if the caller has what it waits for, so that the rest may take longer. */
  readonly onOutcome: (node: NodeAddress, outcome: AskOutcome) => boolean;
  /** It ended and was not stopped. */
  readonly onEnd: (ended: TraversalEnd) => void;
  /** It ended or was stopped; before `onEnd`. */
  readonly onOver?: () => void;
}

/** A traversal to be started. */
interface Walk {
  readonly target: Uint8Array;
  readonly method: string;
  readonly args: { readonly [name: string]: Encodable | undefined };
  /** Whether a caller waits for the result; it has priority over searches in the background. */
  readonly isAwaited: boolean;
  /** Whether to search beyond a crowd around the target; see TraversalOptions.lookAround. */
  readonly mayLookAround: boolean;
  readonly keepsTokens?: boolean;
}

/** Queries other nodes, single ones or all around a target, and learns from their answers. */
export class Network {
  readonly #options: NetworkOptions;
  readonly #roundTrip = new RoundTripEstimate();
  readonly #size = new NetworkSize();
  readonly #silent: SilentNodes;
  readonly #traversals = new Set<Traversal>();
  /** How many of them a caller waits for. */
  #awaited = 0;
  #bootstrap: readonly NodeAddress[];
  /** The index of the first remembered node for the next traversal. */
  #nextRemembered = 0;
  /** The index of the last node of the table that was probed. */
  #nextProbed = -1;

  /** Sends nothing yet. */
  constructor(options: NetworkOptions) {
    this.#options = options;
    this.#silent = new SilentNodes(options.timeoutMs, options.now);
    this.#bootstrap = options.bootstrap;
  }

  /** Queries one node. See KrpcSocket.ask; our id is added to the arguments. */
  ask(
    to: NodeAddress,
    method: string,
    args: { readonly [name: string]: Encodable | undefined },
    settle: (outcome: AskOutcome) => void,
  ): () => void {
    return this.#ask(to, new OutgoingQuery(method, { id: this.#options.routing.id, ...args }), settle);
  }

  #ask(to: NodeAddress, query: OutgoingQuery, settle: (outcome: AskOutcome) => void): () => void {
    return this.#options.socket.ask(to, query, (outcome) => {
      if (outcome.kind === 'reply') this.#learn(to, outcome);
      settle(outcome);
    });
  }

  /** Replaces the bootstrap addresses; traversals without any answer so far also start there. */
  setBootstrap(addresses: readonly NodeAddress[]): void {
    this.#bootstrap = addresses;
    for (const traversal of this.#traversals) traversal.askReserve();
  }

  /**
   * Asks the nodes around `target` (20 bytes) for the item stored there; with `seq`, only for a newer one. Without `keepsTokens`
   * it has no token holders.
   */
  get(
    target: Uint8Array,
    seq: bigint | undefined,
    events: TraversalEvents,
    { keepsTokens = false }: { readonly keepsTokens?: boolean } = {},
  ): Traversal {
    const walk = { target, method: 'get', args: { target, seq }, isAwaited: true, mayLookAround: true };
    return this.#traverse({ ...walk, keepsTokens }, events);
  }

  /** Asks a few nodes of the table, others each time, and a few addresses that are always up. Resolves to whether any answered. */
  probe(): Promise<boolean> {
    const { routing } = this.#options;
    const known = routing.recent(routing.size);
    const some = Array.from({ length: Math.min(PROBED, known.length) }, () => {
      this.#nextProbed = (this.#nextProbed + 1) % known.length;
      return known[this.#nextProbed] as NodeAddress;
    });
    const asked = [...some, ...this.#bootstrap.slice(0, PROBED)];
    return new Promise((resolve) => {
      let open = asked.length;
      if (open === 0) resolve(false);
      for (const node of asked)
        this.ask(node, 'ping', {}, (outcome) => {
          open--;
          if (outcome.kind === 'reply') resolve(true);
          else if (open === 0) resolve(false);
        });
    });
  }

  /** Asks the nodes around `target` for nodes; those that answer are added to the table. Resolves at the end. */
  search(target: Uint8Array): Promise<void> {
    const walk = { target, method: 'find_node', args: { target }, isAwaited: false, mayLookAround: false };
    return new Promise((resolve) => {
      this.#traverse(walk, { onOutcome: () => true, onEnd: () => {}, onOver: resolve });
    });
  }

  /** About how many nodes the network has: see NetworkSize.estimate. */
  estimatedNodes(target: Uint8Array): number | undefined {
    return this.#size.estimate(target);
  }

  /** This machine is in another network, from which other nodes may answer. */
  networkChanged(): void {
    this.#silent.clear();
  }

  /** Stops all traversals. */
  close(): void {
    for (const traversal of [...this.#traversals]) traversal.stop();
  }

  #traverse(walk: Walk, events: TraversalEvents): Traversal {
    const { target, method, args, isAwaited, mayLookAround, keepsTokens = false } = walk;
    const { routing, kind, concurrency, now } = this.#options;
    const reach = this.#size.reach(target);
    const closest = routing.closest(target, SEEDS);
    let id = routing.id;
    let query = new OutgoingQuery(method, { id, ...args });
    const beginnings = [...this.#bootstrap, ...this.#someRemembered()];
    let waitedFor = isAwaited;
    if (isAwaited) this.#awaited++;
    const satisfied = () => {
      if (waitedFor) this.#awaited--;
      waitedFor = false;
    };
    const traversal: Traversal = new Traversal({
      target,
      self: routing.id,
      seeds: closest.length < THIN_TABLE ? [...closest, ...beginnings] : closest,
      reserve: () => [...this.#bootstrap, ...beginnings],
      concurrency: () => Math.min(concurrency, this.#share(waitedFor)),
      keepsTokens,
      sharedHosts: kind === 'test',
      reach,
      isBad: (address, port) => this.#silent.isBad(address, port),
      lookAround: mayLookAround ? (found) => this.#lookAround(target, reach, found) : undefined,
      ask: (node, settle) => {
        if (id !== routing.id) {
          id = routing.id;
          query = new OutgoingQuery(method, { id, ...args });
        }
        return this.#ask(node, query, (outcome) => {
          // If no other node answered either, our network may be the cause.
          if (outcome.kind === 'silent' && outcome.network === 'heard') {
            const { id: theirs } = node;
            if (theirs !== undefined) {
              routing.noteSilence(theirs);
              this.#silent.noteSilence(node.address, node.port);
            }
          }
          if (outcome.kind === 'reply') this.#silent.noteAnswer(node.address, node.port);
          settle(outcome);
        });
      },
      lateAfterMs: () => this.#roundTrip.lateAfterMs(),
      ...(events.onAsked !== undefined && { onAsked: events.onAsked }),
      now,
      onOutcome: (node, outcome) => {
        if (events.onOutcome(node, outcome)) satisfied();
      },
      onEnd: (ended) => {
        this.#size.observe(target, traversal.distances());
        events.onEnd(ended);
      },
      onOver: () => {
        this.#traversals.delete(traversal);
        satisfied();
        events.onOver?.();
      },
    });
    this.#traversals.add(traversal);
    return traversal;
  }

  /** See TraversalOptions.lookAround. */
  #lookAround(target: Uint8Array, reach: number, found: (nodes: readonly NodeContact[]) => void): () => void {
    const nodes: NodeContact[] = [];
    let open = 0;
    const searches = targetsAround(target, reach).map((around) => {
      open++;
      const walk = { target: around, method: 'find_node', args: { target: around }, isAwaited: true };
      const search: Traversal = this.#traverse(
        { ...walk, mayLookAround: false },
        {
          onOutcome: () => false,
          onEnd: () => {
            nodes.push(...search.answered());
            if (--open === 0) found(nodes);
          },
        },
      );
      return search;
    });
    return () => {
      for (const search of searches) search.stop();
    };
  }

  #someRemembered(): readonly NodeAddress[] {
    const { remembered } = this.#options;
    const at = this.#nextRemembered;
    this.#nextRemembered = (at + REMEMBERED_AT_ONCE) % Math.max(1, remembered.length);
    // At the end of the list it continues at the start, because the last few alone may all be gone.
    return [...remembered.slice(at), ...remembered.slice(0, at)].slice(0, REMEMBERED_AT_ONCE);
  }

  #share(isAwaited: boolean): number {
    if (!isAwaited && this.#awaited > 0) return SATISFIED_SHARE;
    return Math.max(LEAST_SHARE, Math.floor(SHARED_QUERIES / (this.#awaited || this.#traversals.size)));
  }

  #learn(from: NodeAddress, { reply, roundTripMs }: AskOutcome & { kind: 'reply' }): void {
    const { external, kind, routing } = this.#options;
    this.#roundTrip.observe(roundTripMs);
    if (reply.observed === undefined) return;
    external.vote(kind === 'test' ? `${from.host}:${from.port}` : from.host, reply.observed.host);
    const agreed = external.agreed();
    if (agreed !== undefined) routing.fitIdTo(agreed);
  }
}
