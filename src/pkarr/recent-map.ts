/**
 * A map that keeps the `size` values that were used last, and at most as many again. It has two halves: when the new one is full,
 * it becomes the old one, whose values are forgotten unless they were asked for meanwhile. A read is one look-up, as in a Map, and
 * there is no list to keep in order.
 */
export class RecentMap<Key, Value extends object> {
  readonly #size: number;
  #recent = new Map<Key, Value>();
  #older = new Map<Key, Value>();

  constructor(size: number) {
    this.#size = size;
  }

  get(key: Key): Value | undefined {
    const recent = this.#recent.get(key);
    if (recent !== undefined) return recent;
    const older = this.#older.get(key);
    if (older !== undefined) this.set(key, older);
    return older;
  }

  set(key: Key, value: Value): void {
    if (this.#recent.size >= this.#size) {
      this.#older = this.#recent;
      this.#recent = new Map();
    }
    this.#recent.set(key, value);
  }
}
