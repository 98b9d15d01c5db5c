import { Cancellation } from '../../async/cancellation.ts';

/**
 * Equal work in flight is done once, and everybody who asks for it gets the outcome.
 *
 * This is a defence first. With n equal queries in flight, each with its own ID and port, a forged reply needs to match only
 * one of them, and the chance grows as in the birthday paradox (RFC 5452 §5). With one query it does not. The rules:
 *
 * - No waiter owns the work: the first one may leave while others stay.
 * - The work is cancelled and removed from the map when the last waiter leaves. Whoever comes later starts again.
 * - A failure is shared like a success. Neither is kept: work that has ended is removed before anybody hears of it.
 */
export class SingleFlight<K, V> {
  readonly #flights = new Map<K, Holder<V>>();

  /** Number of keys in flight. */
  get size(): number {
    return this.#flights.size;
  }

  /** Whether work for `key` is in flight. */
  has(key: K): boolean {
    return this.#flights.get(key)?.shared !== undefined;
  }

  /**
   * The outcome of `work` for `key`, which is started unless it is in flight. `abandoned` is cancelled when nobody waits
   * any more, with the reason of the last waiter.
   * @throws what the work throws, or the reason of `cancellation` when that comes first.
   */
  run(key: K, work: (abandoned: Cancellation) => Promise<V>, cancellation: Cancellation): Promise<V> {
    if (cancellation.isCancelled) return Promise.reject(cancellation.reason);
    const shared = this.#flights.get(key)?.shared ?? this.#begin(key, work);
    shared.waiters += 1;
    return new Promise<V>((resolve, reject) => {
      const leave = (reason: unknown): void => {
        reject(reason);
        shared.waiters -= 1;
        if (shared.waiters === 0) this.#abandon(key, shared, reason);
      };
      cancellation.listen(leave);
      shared.outcome.then(
        (value) => {
          cancellation.unlisten(leave);
          resolve(value);
        },
        (error: unknown) => {
          cancellation.unlisten(leave);
          reject(error);
        },
      );
    });
  }

  #begin(key: K, work: (abandoned: Cancellation) => Promise<V>): SharedWork<V> {
    const abandoned = new Cancellation();
    const shared: SharedWork<V> = { outcome: work(abandoned), abandoned, waiters: 0, isOver: false };
    const holder: Holder<V> = { shared };
    this.#flights.set(key, holder);
    const end = (): void => {
      shared.isOver = true;
      holder.shared = undefined;
      if (this.#flights.get(key) === holder) this.#flights.delete(key);
    };
    shared.outcome.then(end, end);
    return shared;
  }

  #abandon(key: K, shared: SharedWork<V>, reason: unknown): void {
    // It has ended, and its waiters are about to hear of it: there is nothing to cancel.
    if (shared.isOver) return;
    if (this.#flights.get(key)?.shared === shared) this.#flights.delete(key);
    shared.abandoned.cancel(reason);
  }
}

/**
 * The value in the map. It is emptied when the work has ended, because an old table of the map may keep it alive until the
 * next full garbage collection (see `DenseSet`).
 */
interface Holder<V> {
  shared: SharedWork<V> | undefined;
}

interface SharedWork<V> {
  readonly outcome: Promise<V>;
  readonly abandoned: Cancellation;
  waiters: number;
  isOver: boolean;
}
