import { LRUCache } from 'lru-cache';

/**
 * An `LRUCache` that is made with its first entry, since its lists have room for all entries from the beginning: 150 kB for 8,192. Many are
 * never used, such as those of clients of another machine where there are none.
 */
export class LazyLru<Key extends string, Value extends object | number | boolean> {
  readonly #max: number;
  #entries: LRUCache<Key, Value> | undefined;

  /** @param max entries, at least 1; when there are more, the least recently used one is dropped. */
  constructor(max: number) {
    this.#max = max;
  }

  get(key: Key): Value | undefined {
    return this.#entries?.get(key);
  }

  set(key: Key, value: Value): void {
    this.#entries ??= new LRUCache({ max: this.#max });
    this.#entries.set(key, value);
  }

  delete(key: Key): void {
    this.#entries?.delete(key);
  }

  clear(): void {
    this.#entries = undefined;
  }
}
