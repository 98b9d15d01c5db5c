import type { NetworkKind } from '../addresses.ts';
import type { NodeAddress } from '../dht-node.ts';
import type { Encodable } from '../wire/bencode-write.ts';
import type { ExternalAddress } from './external-address.ts';
import type { AskOutcome, KrpcSocket } from './krpc-socket.ts';
import { RoundTripEstimate } from './round-trip.ts';
import type { Routing } from './routing.ts';
import { Traversal, type TraversalEnd } from './traversal.ts';

/** With fewer nodes in the table than this, traversals begin at the bootstrap addresses too. */
const THIN_TABLE = 8;

/**
 * Queries that all traversals together have open at once, while many go on. One alone asks its 20 closest nodes in one
 * go, which is quickest; 30 that do so wait for each other in our own socket. Each has as many as LEAST_SHARE in any
 * case: of six nodes one answers, even when a third of them are silent.
 */
const SHARED_QUERIES = 180;
const LEAST_SHARE = 6;

/** Queries of a traversal that has found what somebody waited for, while others have not. */
const SATISFIED_SHARE = 2;

/** What the network is reached through. */
export interface NetworkOptions {
  readonly kind: NetworkKind;
  readonly socket: KrpcSocket;
  readonly routing: Routing;
  readonly external: ExternalAddress;
  /** Addresses to begin at while the table is thin. */
  readonly seeds: readonly NodeAddress[];
  /** Queries that one traversal may have open at once. */
  readonly concurrency: number;
}

/** What happens in a traversal. */
export interface TraversalEvents {
  /** Gives true when somebody has now what he waited for, and the rest may take longer. */
  readonly onOutcome: (node: NodeAddress, outcome: AskOutcome) => boolean;
  readonly onEnd: (ended: TraversalEnd) => void;
}

/** The other nodes: asks them one by one or all around a target, and learns from how they answer. */
export class Network {
  readonly #options: NetworkOptions;
  readonly #roundTrip = new RoundTripEstimate();
  #traversals = 0;
  /** Those among them that somebody waits for. */
  #awaited = 0;

  /** Takes the parts. */
  constructor(options: NetworkOptions) {
    this.#options = options;
  }

  /** Asks one node. See KrpcSocket.ask; our id is added to the arguments. */
  ask(
    to: NodeAddress,
    method: string,
    args: { readonly [name: string]: Encodable | undefined },
    settle: (outcome: AskOutcome) => void,
  ): () => void {
    const { socket, routing } = this.#options;
    const query = { q: method, a: { id: routing.id, ...args } };
    return socket.ask({ host: to.host, port: to.port }, query, (outcome) => {
      if (outcome.kind === 'reply') this.#learn(to, outcome);
      settle(outcome);
    });
  }

  /** Asks the nodes around `target` (20 bytes) for what they hold there; with `seq`, for newer items only. */
  traverse(target: Uint8Array, seq: bigint | undefined, events: TraversalEvents): Traversal {
    const { routing, kind, concurrency, seeds } = this.#options;
    const closest = routing.closest(target, concurrency);
    this.#traversals++;
    this.#awaited++;
    let isAwaited = true;
    const satisfied = () => {
      if (isAwaited) this.#awaited--;
      isAwaited = false;
    };
    return new Traversal({
      target,
      self: routing.id,
      seeds: closest.length < THIN_TABLE ? [...closest, ...seeds] : closest,
      concurrency: () => Math.min(concurrency, this.#share(isAwaited)),
      sharedHosts: kind === 'test',
      ask: (node, settle) =>
        this.ask(node, 'get', { target, seq }, (outcome) => {
          // Nobody is to blame for silence while nobody at all is heard.
          if (outcome.kind === 'silent' && outcome.network === 'heard' && node.id !== undefined) {
            routing.noteSilence(node.id);
          }
          settle(outcome);
        }),
      lateAfterMs: () => this.#roundTrip.lateAfterMs(),
      onOutcome: ({ host, port }, outcome) => {
        if (events.onOutcome({ host, port }, outcome)) satisfied();
      },
      onEnd: events.onEnd,
      onOver: () => {
        this.#traversals--;
        satisfied();
      },
    });
  }

  #share(isAwaited: boolean): number {
    if (!isAwaited && this.#awaited > 0) return SATISFIED_SHARE;
    return Math.max(LEAST_SHARE, Math.floor(SHARED_QUERIES / (this.#awaited || this.#traversals)));
  }

  #learn(from: NodeAddress, { reply, roundTripMs }: AskOutcome & { kind: 'reply' }): void {
    const { routing, external, kind } = this.#options;
    this.#roundTrip.observe(roundTripMs);
    routing.noteAnswer(reply.id);
    if (reply.observed === undefined) return;
    external.vote(kind === 'test' ? `${from.host}:${from.port}` : from.host, reply.observed.host);
    const agreed = external.agreed();
    if (agreed !== undefined) routing.fitIdTo(agreed);
  }
}
