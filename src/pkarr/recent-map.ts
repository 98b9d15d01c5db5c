/**
 * A map of at most `maximum` values, and of at least the half of it that was used last. It has two halves: when the new one is
 * full, it becomes the old one, whose values are forgotten unless they were asked for meanwhile. A read is one look-up, as in a
 * Map, and there is no list to keep in order.
 */
export class RecentMap<Key, Value extends object> {
  readonly #half: number;
  #recent = new Map<Key, Value>();
  #older = new Map<Key, Value>();

  constructor(maximum: number) {
    this.#half = maximum / 2;
  }

  get(key: Key): Value | undefined {
    const recent = this.#recent.get(key);
    if (recent !== undefined) return recent;
    const older = this.#older.get(key);
    if (older !== undefined) this.set(key, older);
    return older;
  }

  set(key: Key, value: Value): void {
    if (this.#recent.size >= this.#half) {
      this.#older = this.#recent;
      this.#recent = new Map();
    }
    this.#recent.set(key, value);
  }
}
