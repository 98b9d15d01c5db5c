import { K } from '../traversal/closest.ts';
import { ID_LENGTH } from '../wire/compact-nodes.ts';
import { idInBucket, type RandomBytes } from '../wire/node-id.ts';
import type { Network } from './network.ts';
import type { Routing } from './routing.ts';

/** Milliseconds between refreshes of a filled table. BEP 5: "Buckets that have not been changed in 15 minutes should be refreshed". */
const REFRESH_MS = 15 * 60 * 1000;
/** Milliseconds until the first retry while no node is known; doubled after each retry, up to the maximum. */
const RETRY_MS = 1000;
const MAX_RETRY_MS = 60_000;
/** Minimum of milliseconds between a search and the next one on demand. */
const ON_DEMAND_MS = 250;
/** Number of nodes in the table at which the node is ready, even if the search is not over. */
const READY_NODES = 8;

/**
 * Buckets that are filled at the start: those of the nodes that share no bit with our id, one, two, or three, which are fifteen
 * sixteenths of all. Without them the first lookups begin at nodes near ourselves, and take a round trip more.
 */
const FAR_BUCKETS = 4;

/** Options and environment of {@link Maintenance}. */
export interface MaintenanceOptions {
  readonly routing: Routing;
  readonly network: Network;
  /** Whether the table is complete, so that the first search is the one that keeps it so. */
  readonly isFilled: boolean;
  /** Whether no node can be reached any more. */
  readonly isCutOff: () => boolean;
  readonly randomBytes: RandomBytes;
  /** Milliseconds of a monotonic clock. */
  readonly now: () => number;
  readonly onFault: (error: unknown) => void;
}

/**
 * Keeps the routing table filled: it searches at the start, then every 15 minutes, or with growing pauses while the table is
 * empty or no node in it can be reached. Then a few are asked whether they are back, before others are searched for. A pause ends
 * early when a lookup finds a node, when the network changed, and on demand.
 */
export class Maintenance {
  readonly #options: MaintenanceOptions;
  /** Resolves once nodes are known. */
  readonly ready: Promise<void>;
  /** Resolves when the first search is over, successful or not. */
  readonly settled: Promise<void>;
  #resolveReady: () => void = () => {};
  #timer: NodeJS.Timeout | undefined;
  #searching = false;
  #closed = false;
  #failures = 0;
  /** When the last search ended, and when the next begins. */
  #endedAt = Number.NEGATIVE_INFINITY;
  #nextAt = Number.NEGATIVE_INFINITY;

  /** Begins at once. */
  constructor(options: MaintenanceOptions) {
    this.#options = options;
    this.ready = new Promise((resolve) => {
      this.#resolveReady = resolve;
    });
    options.routing.onNode(() => {
      this.#checkReady();
      if (this.#failures > 0) this.wake();
    });
    this.settled = options.isFilled ? Promise.resolve(this.#rest()) : this.#search();
    this.settled.catch(options.onFault);
  }

  /** Milliseconds until the next search; undefined while one runs. */
  get nextSearchMs(): number | undefined {
    return this.#searching ? undefined : Math.max(0, this.#nextAt - this.#options.now());
  }

  /** Searches now, unless a search is running: after a change, a search may find what the last one did not. */
  wake(): void {
    if (this.#searching || this.#closed) return;
    this.#failures = 0;
    this.#begin();
  }

  /** A query was not answered. If that means that we are cut off, the pause until the next search is a short one. */
  noteSilence(): void {
    if (this.#searching || this.#closed || this.#failures > 0 || !this.#options.isCutOff()) return;
    clearTimeout(this.#timer);
    this.#pause();
  }

  /** Searches now to find out whether any node can be reached, but not more often than every {@link ON_DEMAND_MS}. */
  demand(): void {
    if (this.#options.now() - this.#endedAt >= ON_DEMAND_MS) this.wake();
  }

  /** Stops the timers. */
  close(): void {
    this.#closed = true;
    clearTimeout(this.#timer);
  }

  #begin(): void {
    clearTimeout(this.#timer);
    this.#search().catch(this.#options.onFault);
  }

  async #search(): Promise<void> {
    const { routing, network, randomBytes, isCutOff } = this.#options;
    this.#searching = true;
    // BEP 5: "the node should attempt to find the closest nodes in the DHT to itself". Later "this is done by picking a
    // random ID in the range of the bucket and performing a find_nodes search on it".
    const isReached = routing.size === 0 || !isCutOff() || (await network.probe());
    if (isReached && routing.size < READY_NODES) await this.#join();
    else if (isReached) await network.search(randomBytes(ID_LENGTH));
    this.#searching = false;
    if (!this.#closed) this.#rest();
  }

  /**
   * Kademlia, section 2.3: a node that joins looks itself up, and then "refreshes all k-buckets further away than its closest
   * neighbor". In a network that the first search has found whole there is nothing to refresh.
   */
  async #join(): Promise<void> {
    const { routing, network, randomBytes } = this.#options;
    await network.search(routing.id);
    if (routing.size < K || this.#closed) return;
    const targets = Array.from({ length: FAR_BUCKETS }, (_, bits) =>
      idInBucket(routing.id, bits, randomBytes),
    );
    await Promise.all(targets.map((target) => network.search(target)));
  }

  /** After a search. */
  #rest(): void {
    this.#endedAt = this.#options.now();
    this.#checkReady();
    this.#pause();
  }

  /** Waits for the next search. */
  #pause(): void {
    const { routing, isCutOff, now } = this.#options;
    this.#failures = routing.size === 0 || isCutOff() ? this.#failures + 1 : 0;
    const pause = this.#pauseMs();
    this.#nextAt = now() + pause;
    this.#timer = setTimeout(() => this.#begin(), pause);
  }

  /** The pause before the next search, with random jitter of up to a quarter so that many nodes do not search at the same time. */
  #pauseMs(): number {
    const pause =
      this.#failures === 0 ? REFRESH_MS : Math.min(MAX_RETRY_MS, RETRY_MS * 2 ** (this.#failures - 1));
    const [spread = 0] = this.#options.randomBytes(1);
    return pause * (1 + spread / 1024);
  }

  #checkReady(): void {
    const { size } = this.#options.routing;
    if (size >= READY_NODES || (size > 0 && !this.#searching)) this.#resolveReady();
  }
}
