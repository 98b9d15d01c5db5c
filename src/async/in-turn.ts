/** Does work of one key in turn; that of different keys does not wait for each other. */
export class InTurn {
  readonly #last = new Map<string, Promise<unknown>>();

  /** Number of keys with work that is not over. */
  get size(): number {
    return this.#last.size;
  }

  /** Begins `work` when all work of `key` that was there before is over, whatever came of it. @returns what comes of `work`. */
  run<T>(key: string, work: () => Promise<T>): Promise<T> {
    const result = (this.#last.get(key) ?? Promise.resolve()).then(work);
    const over: Promise<unknown> = result
      .catch(() => {})
      .then(() => {
        if (this.#last.get(key) === over) this.#last.delete(key);
      });
    this.#last.set(key, over);
    return result;
  }
}
