/** Maximum number of votes; beyond it the oldest is dropped. */
const MAX_VOTERS = 32;
/** Votes that an address needs, which must also be more than half of all votes. */
const MIN_AGREEING = 4;

/**
 * Our IPv4 address as others see it. BEP 42: "Since a single node can not be trusted, there should be some mechanism to
 * determine whether or not the node has a correct understanding of its external IP or not. This could be done by voting".
 * Each host that answers us has one vote; a later one replaces it.
 */
export class ExternalAddress {
  readonly #votes = new Map<string, string>();

  /** Records that the node at `voter` sees us at `host`. `voter` is a host, or a host and port where nodes share hosts. */
  vote(voter: string, host: string): void {
    this.#votes.delete(voter);
    this.#votes.set(voter, host);
    if (this.#votes.size <= MAX_VOTERS) return;
    for (const oldest of this.#votes.keys()) {
      this.#votes.delete(oldest);
      return;
    }
  }

  /** Forgets all votes. */
  forget(): void {
    this.#votes.clear();
  }

  /** The host that at least 4 voters and more than half of them agree on, or undefined. */
  agreed(): string | undefined {
    const counts = new Map<string, number>();
    for (const host of this.#votes.values()) {
      const count = (counts.get(host) ?? 0) + 1;
      if (count >= MIN_AGREEING && count * 2 > this.#votes.size) return host;
      counts.set(host, count);
    }
    return undefined;
  }
}
