/** What can be in a `DenseSet`: it keeps its own place there. */
export interface DenseSetItem {
  /** Written by the set alone; -1 while in none. */
  denseIndex: number;
}

/**
 * A set for what comes and goes thousands of times a second. A `Set` does the same, but each time its table fills up
 * it takes a new one, and the old one, itself long in the old generation, keeps what was in it alive up to the next
 * full collection: half of all finished questions were copied by the garbage collector that way, a fifth of the
 * processor's time.
 */
export class DenseSet<T extends DenseSetItem> {
  readonly #items: T[] = [];

  /** Puts in an item that is in no dense set. */
  add(item: T): void {
    item.denseIndex = this.#items.length;
    this.#items.push(item);
  }

  /** Takes it out, if it is in. */
  delete(item: T): void {
    if (this.#items[item.denseIndex] !== item) return;
    const last = this.#items.pop();
    if (last !== undefined && last !== item) {
      last.denseIndex = item.denseIndex;
      this.#items[item.denseIndex] = last;
    }
    item.denseIndex = -1;
  }

  /** What is in now, in no order: a copy. */
  items(): T[] {
    return [...this.#items];
  }
}
