import type { QueryBatch, QueryObserver } from '../../way/query-event.ts';

/** All who look at live queries. While there is nobody, queries are told to nobody. */
export class QueryFollowers {
  readonly #watch: (observe: QueryObserver | undefined) => void;
  readonly #followers = new Set<QueryObserver>();

  /** @param watch has queries told to one observer, or to nobody. */
  constructor(watch: (observe: QueryObserver | undefined) => void) {
    this.#watch = watch;
  }

  /** Tells `observe` from now on. @returns a function that ends it. */
  follow(observe: QueryObserver): () => void {
    // One that is added twice counts twice.
    const follower: QueryObserver = (batch) => observe(batch);
    this.#followers.add(follower);
    if (this.#followers.size === 1) this.#watch((batch) => this.#tell(batch));
    return () => {
      if (this.#followers.delete(follower) && this.#followers.size === 0) this.#watch(undefined);
    };
  }

  #tell(batch: QueryBatch): void {
    for (const follower of this.#followers) follower(batch);
  }
}
