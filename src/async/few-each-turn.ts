/**
 * Does pieces of work in the order in which they came: so many in each turn of the event loop at once, the rest in turns of their
 * own. What came in between, such as a query of DNS, waits for a few pieces, however many there are.
 */
export class FewEachTurn {
  readonly #limit: number;
  readonly #waiting: (() => number)[] = [];
  /** Pieces that were done in this turn. */
  #done = 0;
  #isScheduled = false;
  #isBusy = false;

  /** @param limit pieces for one turn. */
  constructor(limit: number) {
    this.#limit = limit;
  }

  /** Does a piece of work, now or later; who calls bounds how many wait. */
  add(work: () => void): void {
    this.addSeveral(() => {
      work();
      return 1;
    });
  }

  /** The same for work that returns how many pieces it was. */
  addSeveral(work: () => number): void {
    if (!this.#isScheduled) {
      this.#isScheduled = true;
      setImmediate(this.#next);
    }
    if (this.#isBusy || this.#waiting.length > 0 || this.#done >= this.#limit) {
      this.#waiting.push(work);
      return;
    }
    this.#do(work);
  }

  #do(work: () => number): void {
    this.#isBusy = true;
    try {
      this.#done += work();
    } finally {
      this.#isBusy = false;
    }
  }

  readonly #next = (): void => {
    this.#done = 0;
    this.#isScheduled = this.#waiting.length > 0;
    // Before anything is done, which may throw.
    if (this.#isScheduled) setImmediate(this.#next);
    while (this.#done < this.#limit) {
      const work = this.#waiting.shift();
      if (work === undefined) return;
      this.#do(work);
    }
  };
}
