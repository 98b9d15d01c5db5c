/** Kademlia's k: the size of a bucket, and the number of closest nodes of a lookup. */
export const K = 20;

/** Nodes of one /16 that count. Of 20 random nodes, three are seldom in one /16; an attacker with a rented block has many. */
const MAX_PER_NETWORK = 2;

/** A node as seen from a target. */
export interface Placed {
  /** Its distance to the target as a fraction of the id space, 0 to 1. */
  readonly distance: number;
  /** Whether its id fits its address (BEP 42), so that it could not choose its position freely. */
  readonly isSecure: boolean;
  /** The first 16 bits of its address. */
  readonly network: number;
}

/**
 * Selects the closest nodes to a target from nodes in order of distance. 20 nodes count: their ids fit their addresses, and at
 * most two are in one /16, so that an attacker who places nodes around a target (Sybil) needs many addresses. Up to 20 other
 * nodes are taken as well, since programs that do not check ids may have stored an item there. If the 20 that count are
 * closer than chance explains, all nodes within `reach` are taken: the honest nodes are behind the crowd.
 */
export class Closest {
  readonly #reach: number;
  readonly #isShared: boolean;
  readonly #networks = new Map<number, number>();
  #counted = 0;
  #others = 0;
  #isCrowded = false;

  /**
   * @param reach A fraction of the id space, 0 to 1: see NetworkSize.reach.
   * @param isShared Whether one address may hold any number of nodes.
   */
  constructor(reach: number, isShared: boolean) {
    this.#reach = reach;
    this.#isShared = isShared;
  }

  /** Whether there are 20 that count. */
  get isFull(): boolean {
    return this.#counted >= K;
  }

  /**
   * Whether 20 nodes that count, or 20 others, are within reach. Then they were placed there, and name only each other when
   * they are asked for nodes around the target.
   */
  get isCrowded(): boolean {
    return this.#isCrowded;
  }

  /** Whether this node and all nodes farther away are not needed. */
  isBeyond({ distance }: Placed): boolean {
    return this.isFull && distance > this.#reach;
  }

  /** Whether this node is to be taken, given those taken before. */
  admits(node: Placed): boolean {
    return this.counts(node) || this.#others < K;
  }

  /** Whether this node would count. */
  counts({ isSecure, network }: Placed): boolean {
    return isSecure && (this.#isShared || (this.#networks.get(network) ?? 0) < MAX_PER_NETWORK);
  }

  /** Takes a node that {@link admits} admitted. */
  take(node: Placed): void {
    const counts = this.counts(node);
    const number = counts ? ++this.#counted : ++this.#others;
    if (number === K && node.distance < this.#reach) this.#isCrowded = true;
    if (!counts) return;
    this.#networks.set(node.network, (this.#networks.get(node.network) ?? 0) + 1);
  }
}
