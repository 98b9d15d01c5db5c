/**
 * Does pieces of work in the order in which they came: so many in each turn of the event loop at once, the rest in turns of their
 * own. What came in between, such as a query of DNS, waits for a few pieces, however many there are.
 */
export class FewEachTurn {
  readonly #limit: number;
  readonly #waiting: (() => void)[] = [];
  /** Pieces that were done in this turn. */
  #done = 0;
  #isScheduled = false;

  /** @param limit pieces for one turn. */
  constructor(limit: number) {
    this.#limit = limit;
  }

  /** Does `work`, now or later; who calls bounds how many wait. */
  add(work: () => void): void {
    if (!this.#isScheduled) {
      this.#isScheduled = true;
      setImmediate(this.#next);
    }
    if (this.#waiting.length > 0 || this.#done >= this.#limit) {
      this.#waiting.push(work);
      return;
    }
    this.#done++;
    work();
  }

  readonly #next = (): void => {
    this.#done = 0;
    this.#isScheduled = this.#waiting.length > 0;
    // Before anything is done, which may throw.
    if (this.#isScheduled) setImmediate(this.#next);
    while (this.#waiting.length > 0 && this.#done < this.#limit) {
      this.#done++;
      this.#waiting.shift()?.();
    }
  };
}
