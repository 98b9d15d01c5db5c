import type { Fact, TimedFact } from './fact.ts';

/** Facts that are kept of one answer; the longest way that the limits of a resolution allow has fewer. */
const MAX_FACTS = 200;

/**
 * Collects the way of one answer. There is one only where somebody asked for it, so that everybody else pays for a comparison with
 * `undefined`. Where the way branches, facts stand in the order in which they were known.
 */
export class Trace {
  /** Whether lookups of packets tell each node that they hear from, which costs them something. */
  readonly wantsNodes: boolean;
  readonly #now: () => number;
  readonly #begunAt: number;
  readonly #facts: TimedFact[] = [];

  /** @param now a monotonic clock, in milliseconds. */
  constructor({ wantsNodes, now = () => performance.now() }: TraceOptions) {
    this.wantsNodes = wantsNodes;
    this.#now = now;
    this.#begunAt = now();
  }

  /** Adds a fact. Beyond the bound it is not kept. */
  tell(fact: Fact): void {
    if (this.#facts.length < MAX_FACTS) this.#facts.push({ ...fact, atMs: this.#ms(this.#begunAt) });
  }

  /** Milliseconds since `since`, which `now` gave. */
  tookSince(since: number): number {
    return this.#ms(since);
  }

  /** The time, for `tookSince`. */
  now(): number {
    return this.#now();
  }

  /** The facts so far. */
  get facts(): readonly TimedFact[] {
    return this.#facts;
  }

  #ms(since: number): number {
    return Math.round((this.#now() - since) * 10) / 10;
  }
}

/** How much is traced. */
export interface TraceOptions {
  readonly wantsNodes: boolean;
  readonly now?: () => number;
}
