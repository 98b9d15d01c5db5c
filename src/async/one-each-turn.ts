/**
 * Does pieces of work in the order in which they came, one in each turn of the event loop. What came in between, such as a query
 * of DNS, waits for one piece, however many there are.
 */
export class OneEachTurn {
  readonly #waiting: (() => void)[] = [];
  #isRunning = false;

  /** Does `work` later; who calls bounds how many there are. */
  add(work: () => void): void {
    this.#waiting.push(work);
    if (this.#isRunning) return;
    this.#isRunning = true;
    setImmediate(this.#next);
  }

  readonly #next = (): void => {
    const work = this.#waiting.shift();
    // The next turn comes even if this piece throws.
    this.#isRunning = this.#waiting.length > 0;
    if (this.#isRunning) setImmediate(this.#next);
    work?.();
  };
}
