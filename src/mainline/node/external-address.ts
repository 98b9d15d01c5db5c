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
  /** Votes for each host. */
  readonly #counts = new Map<string, number>();

  /** Records that the node at `voter` sees us at `host`. `voter` is a host, or a host and port where nodes share hosts. */
  vote(voter: string, host: string): void {
    this.#withdraw(voter);
    this.#votes.set(voter, host);
    this.#counts.set(host, (this.#counts.get(host) ?? 0) + 1);
    if (this.#votes.size <= MAX_VOTERS) return;
    for (const oldest of this.#votes.keys()) {
      this.#withdraw(oldest);
      return;
    }
  }

  /** Forgets all votes. */
  forget(): void {
    this.#votes.clear();
    this.#counts.clear();
  }

  /** The host that at least 4 voters and more than half of them agree on, or undefined. */
  agreed(): string | undefined {
    for (const [host, count] of this.#counts)
      if (count >= MIN_AGREEING && count * 2 > this.#votes.size) return host;
    return undefined;
  }

  #withdraw(voter: string): void {
    const host = this.#votes.get(voter);
    if (host === undefined) return;
    this.#votes.delete(voter);
    const left = (this.#counts.get(host) ?? 0) - 1;
    if (left > 0) this.#counts.set(host, left);
    else this.#counts.delete(host);
  }
}
