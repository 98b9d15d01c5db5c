import { Cancellation } from '../../async/cancellation.ts';

/**
 * Equal work that is under way is done once, and everybody who asks for it gets its outcome.
 *
 * This is a defence first. Each outgoing query is one more chance for a forger: with n equal queries in flight, each
 * with an id and port of its own, a forged reply need only hit one of them, and the chance grows as in the birthday
 * paradox (RFC 5452 §5). With one, it does not. Hence the rules:
 *
 * - No waiter owns the work. It is told when it is not wanted any more, so the one who asked first may
 *   leave and the others stay.
 * - The work is abandoned when the last waiter left, and then it is out of the map: who comes later begins anew.
 * - A failure is shared like a success and is not kept: what came to an end is out of the map before anybody hears
 *   of it.
 */
export class SingleFlight<K, V> {
  readonly #flights = new Map<K, Holder<V>>();

  /** Keys under way. */
  get size(): number {
    return this.#flights.size;
  }

  /**
   * The outcome of `work` for `key`, which is begun unless it is under way. `abandoned` is cancelled when nobody waits
   * for it any more, with the reason of the waiter who left last.
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
    // Over already, and its waiters are about to hear of it: nothing to end.
    if (shared.isOver) return;
    if (this.#flights.get(key)?.shared === shared) this.#flights.delete(key);
    shared.abandoned.cancel(reason);
  }
}

/**
 * What stands in the map. It is emptied when the work is over: an outgrown table of the map can keep it, but nothing
 * else, alive up to the next full garbage collection (see `DenseSet`).
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
