import { UpstreamFailure } from './errors.ts';

/**
 * How many sockets may be open to upstreams and name servers at once. A query over UDP may have a socket of its own, and
 * descriptors are few: without a bound, queries to a dead upstream would take those that clients and files need.
 */
export class SocketBudget {
  readonly #max: number;
  #open = 0;

  /** `max` is 1 or more. */
  constructor(max: number) {
    this.#max = max;
  }

  /** Most of it is used: none is kept open for later, and what is no longer needed is closed at once. */
  get isTight(): boolean {
    return this.#open * 4 >= this.#max * 3;
  }

  /** None can be opened now. */
  get isSpent(): boolean {
    return this.#open >= this.#max;
  }

  /** A socket is about to be opened. @throws UpstreamFailure `no-sockets` */
  take(): void {
    if (this.isSpent) {
      throw new UpstreamFailure('no-sockets', 'was not asked, because too many queries are in flight');
    }
    this.#open += 1;
  }

  /** One that was taken is closed. */
  give(): void {
    this.#open -= 1;
  }
}
