/** Nodes of a bucket, and the closest nodes of a lookup. Kademlia's k. */
export const K = 20;

/** Nodes of one /16 that count. Twenty random nodes of the Internet are seldom three in one; whoever rents a block has many. */
const MAX_PER_NETWORK = 2;

/** Where a node stands, seen from a target. */
export interface Placed {
  /** Its distance to the target as a part of all ids, 0 to 1. */
  readonly distance: number;
  /** Whether its id fits its address (BEP 42): it could not choose where it stands. */
  readonly isSecure: boolean;
  /** The first 16 bits of its address. */
  readonly network: number;
}

/**
 * Decides which nodes around a target are its closest ones, when they are given in the order of their distance. There are
 * 20 that count: with an id that fits the address, two of one /16 at most. Whoever places nodes around a target has to have
 * many addresses for that. Others are taken beside them, 20 at most: they may hold what was put there by programs that make
 * no difference. And when the 20 that count stand closer together than chance would have them, all within `reach` belong to
 * the closest: behind a crowd of nodes that were placed there stand those that were there before.
 */
export class Closest {
  readonly #reach: number;
  readonly #isShared: boolean;
  readonly #networks = new Map<number, number>();
  #counted = 0;
  #others = 0;
  #isCrowded = false;

  /**
   * @param reach A part of all ids, 0 to 1: see NetworkSize.reach.
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
   * Whether 20 of a kind stand within reach: somebody placed them there, and who asks the nodes around hears of nobody else.
   */
  get isCrowded(): boolean {
    return this.#isCrowded;
  }

  /** Whether this node and all that stand farther away are not needed. */
  isBeyond({ distance }: Placed): boolean {
    return this.isFull && distance > this.#reach;
  }

  /** Whether this node belongs to the closest, as far as those that were taken tell. */
  admits(node: Placed): boolean {
    return this.counts(node) || this.#others < K;
  }

  /** Whether it would be one of those that count. */
  counts({ isSecure, network }: Placed): boolean {
    return isSecure && (this.#isShared || (this.#networks.get(network) ?? 0) < MAX_PER_NETWORK);
  }

  /** Takes one in that was admitted. */
  take(node: Placed): void {
    const counts = this.counts(node);
    const number = counts ? ++this.#counted : ++this.#others;
    if (number === K && node.distance < this.#reach) this.#isCrowded = true;
    if (!counts) return;
    this.#networks.set(node.network, (this.#networks.get(node.network) ?? 0) + 1);
  }
}
