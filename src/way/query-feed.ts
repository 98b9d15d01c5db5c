import type { QueryEvent, QueryObserver } from './query-event.ts';

/** Milliseconds in which queries are gathered: at 5,000 a second one batch has 250. */
const GATHER_MS = 50;

/** Queries of one batch; beyond, they are counted and left out, so that a flood costs those who look at it and not the clients. */
const MAX_EVENTS = 1_000;

/**
 * Gathers the queries that were answered, and hands them over in batches: one write for many queries, not one for each. It keeps
 * nothing beyond that.
 */
export class QueryFeed {
  readonly #observe: QueryObserver;
  #events: QueryEvent[] = [];
  #dropped = 0;
  #timer: NodeJS.Timeout | undefined;

  constructor(observe: QueryObserver) {
    this.#observe = observe;
  }

  /** Whether another query would be handed over, so that nobody describes one in vain. Otherwise it is counted. */
  hasRoom(): boolean {
    if (this.#events.length < MAX_EVENTS) return true;
    this.#dropped++;
    return false;
  }

  /** Takes a query, for which `hasRoom` was true. */
  take(event: QueryEvent): void {
    this.#events.push(event);
    this.#timer ??= setTimeout(() => this.flush(), GATHER_MS);
  }

  /** Hands over what was gathered. */
  flush(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    if (this.#events.length === 0) return;
    const batch = { events: this.#events, dropped: this.#dropped };
    this.#events = [];
    this.#dropped = 0;
    this.#observe(batch);
  }
}
