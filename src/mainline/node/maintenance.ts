import { ID_LENGTH } from '../wire/compact-nodes.ts';
import type { RandomBytes } from '../wire/node-id.ts';
import type { Network } from './network.ts';
import type { Routing } from './routing.ts';

/** Milliseconds between refreshes of a filled table. BEP 5: "Buckets that have not been changed in 15 minutes should be refreshed". */
const REFRESH_MS = 15 * 60 * 1000;
/** Milliseconds until the first retry while nobody is known; each further one waits twice as long, up to the maximum. */
const RETRY_MS = 1000;
const MAX_RETRY_MS = 60_000;
/** Milliseconds between a search and the next one that somebody asks for. */
const ON_DEMAND_MS = 250;
/** Nodes in the table with which the node counts as ready though the search for more goes on. */
const READY_NODES = 8;

/** What maintenance needs. */
export interface MaintenanceOptions {
  readonly routing: Routing;
  readonly network: Network;
  readonly randomBytes: RandomBytes;
  /** Milliseconds of a clock that does not go back. */
  readonly now: () => number;
  readonly onFault: (error: unknown) => void;
}

/**
 * Fills the routing table and keeps it filled: at the start, every 15 minutes, and with growing pauses as long as it is
 * empty. A pause ends when somebody's lookup finds a node, when something changed, and when somebody asks.
 */
export class Maintenance {
  readonly #options: MaintenanceOptions;
  /** Resolves once nodes are known. */
  readonly ready: Promise<void>;
  /** Resolves when the first search is over, whatever it found. */
  readonly settled: Promise<void>;
  #resolveReady: () => void = () => {};
  #timer: NodeJS.Timeout | undefined;
  #searching = false;
  #closed = false;
  #failures = 0;
  /** When the last search ended. */
  #endedAt = Number.NEGATIVE_INFINITY;

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
    this.settled = this.#search();
    this.settled.catch(options.onFault);
  }

  /** Searches now, unless that is going on: something changed, and the next search may find what the last one did not. */
  wake(): void {
    if (this.#searching || this.#closed) return;
    this.#failures = 0;
    this.#begin();
  }

  /** Searches now as well, but not again and again: somebody wants to know whether anybody is reached. */
  demand(): void {
    if (this.#options.now() - this.#endedAt >= ON_DEMAND_MS) this.wake();
  }

  /** Ends the timers. */
  close(): void {
    this.#closed = true;
    clearTimeout(this.#timer);
  }

  #begin(): void {
    clearTimeout(this.#timer);
    this.#search().catch(this.#options.onFault);
  }

  async #search(): Promise<void> {
    const { routing, network, randomBytes } = this.#options;
    this.#searching = true;
    // BEP 5: "the node should attempt to find the closest nodes in the DHT to itself". Later "this is done by picking a
    // random ID in the range of the bucket and performing a find_nodes search on it".
    await network.search(routing.size < READY_NODES ? routing.id : randomBytes(ID_LENGTH));
    this.#searching = false;
    this.#endedAt = this.#options.now();
    if (this.#closed) return;
    this.#checkReady();
    this.#failures = routing.size === 0 ? this.#failures + 1 : 0;
    this.#timer = setTimeout(() => this.#begin(), this.#pauseMs());
  }

  /** The pause before the next search, spread by a quarter so that many nodes do not wake together. */
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
