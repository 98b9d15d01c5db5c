import type { NodeAddress } from '../dht-node.ts';
import { ID_LENGTH } from '../wire/compact-nodes.ts';
import type { RandomBytes } from '../wire/node-id.ts';
import type { Routing } from './routing.ts';

/** Milliseconds between refreshes of a filled table. BEP 5: "Buckets that have not been changed in 15 minutes should be refreshed". */
const REFRESH_MS = 15 * 60 * 1000;
/** Milliseconds until the first retry while nobody is known; each further one waits twice as long, up to the maximum. */
const RETRY_MS = 1000;
const MAX_RETRY_MS = 60_000;
/** Nodes in the table with which the node counts as ready though the search for more goes on. */
const READY_NODES = 8;
/** With so many remembered nodes the bootstrap addresses are spared at first. */
const ENOUGH_REMEMBERED = 8;

/** What maintenance needs. */
export interface MaintenanceOptions {
  readonly routing: Routing;
  /** Addresses that are always there. */
  readonly bootstrap: readonly NodeAddress[];
  /** Nodes remembered from an earlier run. */
  readonly remembered: readonly NodeAddress[];
  readonly randomBytes: RandomBytes;
}

/**
 * Fills the routing table and keeps it filled: at the start, every 15 minutes, and with growing pauses as long as it is empty,
 * which is how a node that starts without a network, or loses it, comes back.
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

  /** Begins at once. */
  constructor(options: MaintenanceOptions) {
    this.#options = options;
    this.ready = new Promise((resolve) => {
      this.#resolveReady = resolve;
    });
    options.routing.onNode(() => this.#checkReady());
    this.settled = this.#search();
  }

  /** Ends the timers. */
  close(): void {
    this.#closed = true;
    clearTimeout(this.#timer);
  }

  async #search(): Promise<void> {
    const { routing, bootstrap, remembered, randomBytes } = this.#options;
    this.#searching = true;
    const fresh = routing.size === 0;
    // BEP 5: "the node should attempt to find the closest nodes in the DHT to itself".
    if (fresh && remembered.length >= ENOUGH_REMEMBERED && this.#failures === 0) {
      await routing.populate(routing.id, remembered);
    }
    if (routing.size === 0) await routing.populate(routing.id, [...bootstrap, ...remembered]);
    // "This is done by picking a random ID in the range of the bucket and performing a find_nodes search on it" (BEP 5).
    else if (!fresh) await routing.populate(randomBytes(ID_LENGTH), bootstrap);
    this.#searching = false;
    if (this.#closed) return;
    this.#checkReady();
    this.#failures = routing.size === 0 ? this.#failures + 1 : 0;
    this.#timer = setTimeout(() => void this.#search(), this.#pauseMs());
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
