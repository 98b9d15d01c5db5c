import { SharedPromise } from '../async/shared-promise.ts';
import type { DhtNode, DhtStatus } from '../mainline/dht-node.ts';
import { MainlineError } from '../mainline/errors.ts';
import { SourceError } from './packet-source.ts';

/** Milliseconds within which any node must answer; even by satellite a round trip takes only 0.6 s. */
const PATIENCE = 3_000;
/** Milliseconds for the start of our node, which has to resolve the bootstrap hosts. */
const START_PATIENCE = 6_000;
/** Milliseconds without lookups after a failure; doubled after each further failure, up to the maximum. */
const FIRST_PAUSE = 1_000;
const LONGEST_PAUSE = 5_000;

/** The node for one lookup or put. To be disposed of afterwards. */
export interface DhtSession extends Disposable {
  readonly node: DhtNode;
  /** Aborts with the caller's signal, and with a SourceError if no node answers. */
  readonly signal: AbortSignal;
}

/**
 * Our DHT node, and whether other nodes answer it. If none answers for three seconds, calls in progress fail, and for a while
 * new calls fail at once, so that relays can be asked instead; then one lookup is let through as a test.
 */
export class DhtConnection {
  readonly #started: SharedPromise<DhtNode>;
  readonly #now: () => number;
  readonly #listeners: (() => void)[] = [];
  #node: DhtNode | undefined;
  #failures = 0;
  #pausedUntil = Number.NEGATIVE_INFINITY;
  #answersAtFailure = 0;
  #isTrying = false;

  /**
   * @param node may still be starting, and may remain pending while there is no network.
   * @param now milliseconds of a monotonic clock.
   */
  constructor(node: Promise<DhtNode>, now: () => number = () => performance.now()) {
    this.#now = now;
    this.#started = new SharedPromise(node);
    this.#watch(node);
  }

  /** The node once it is started, even if it does not know other nodes yet. */
  get node(): DhtNode | undefined {
    return this.#node;
  }

  /** Whether no node has answered since a call failed for want of answers. */
  async isSilent(): Promise<boolean> {
    return this.#failures > 0 && (await this.#answers()) <= this.#answersAtFailure;
  }

  /** Calls `run` at the first answer after a failure. */
  onRecovered(run: () => void): void {
    this.#listeners.push(run);
  }

  /** Ends the pause, because failures in the old network say nothing about the new one. */
  networkChanged(): void {
    this.#failures = 0;
    this.#pausedUntil = Number.NEGATIVE_INFINITY;
    this.#isTrying = false;
  }

  /**
   * The node for a lookup or put, even if it does not know other nodes: these start at the bootstrap addresses.
   * @throws SourceError if no node answers, or ours cannot be started; the reason of `signal`.
   */
  async open(signal: AbortSignal): Promise<DhtSession> {
    signal.throwIfAborted();
    const isTry = await this.#passPause();
    // Not AbortSignal.any, which takes as long as all else that is done here for a lookup.
    const ending = new AbortController();
    const onAbort = () => ending.abort(signal.reason);
    signal.addEventListener('abort', onAbort, { once: true });
    let timer: NodeJS.Timeout | undefined;
    const expectAnswersWithin = (milliseconds: number) => {
      clearTimeout(timer);
      const since = this.#now();
      timer = setTimeout(() => {
        this.#expectAnswers(since, milliseconds).catch((error: unknown) => ending.abort(error));
      }, milliseconds);
    };
    const dispose = () => {
      clearTimeout(timer);
      signal.removeEventListener('abort', onAbort);
      if (isTry) this.#isTrying = false;
    };
    try {
      expectAnswersWithin(this.#node === undefined ? START_PATIENCE : PATIENCE);
      const node = await this.#started.wait(ending.signal);
      expectAnswersWithin(PATIENCE);
      return { node, signal: ending.signal, [Symbol.dispose]: dispose };
    } catch (error) {
      dispose();
      throw toSourceError(error);
    }
  }

  /** A node answered. */
  answered(): void {
    if (this.#failures === 0) return;
    this.#failures = 0;
    this.#pausedUntil = Number.NEGATIVE_INFINITY;
    for (const run of this.#listeners) run();
  }

  /** No node answered. Returns the error to throw. */
  async failed(reason: string): Promise<SourceError> {
    const now = this.#now();
    // Lookups that fail at the same time count as one failure.
    if (now >= this.#pausedUntil) {
      this.#pausedUntil = now + Math.min(LONGEST_PAUSE, FIRST_PAUSE * 2 ** Math.min(this.#failures++, 10));
      this.#answersAtFailure = await this.#answers();
    }
    return new SourceError(reason);
  }

  /** Whether this call is the test after a failure. @throws SourceError for other calls during a pause */
  async #passPause(): Promise<boolean> {
    // The node continues to search for others, and may have received an answer since the failure.
    if (this.#failures > 0 && (await this.#answers()) > this.#answersAtFailure) this.answered();
    if (this.#failures === 0) return false;
    if (this.#isTrying || this.#now() < this.#pausedUntil) {
      // When the network is back, the next lookup should not have to wait for the end of the pause.
      this.#node?.wake();
      throw new SourceError('no DHT node has answered recently');
    }
    this.#isTrying = true;
    return true;
  }

  /** @throws SourceError if there was no answer since then, in milliseconds of the clock. */
  async #expectAnswers(since: number, patience: number): Promise<void> {
    // Answers to any query count: a lookup may wait for nodes that are gone while others are up.
    const { heardMs = Number.POSITIVE_INFINITY } = (await this.#status()) ?? {};
    if (heardMs <= this.#now() - since) this.answered();
    else throw await this.failed(`no DHT node answered within ${patience / 1000} s`);
  }

  /** The number of answers that the node received; 0 while there is no node. */
  async #answers(): Promise<number> {
    return (await this.#status())?.queries.answered ?? 0;
  }

  async #status(): Promise<DhtStatus | undefined> {
    try {
      return await this.#node?.status();
    } catch (error) {
      // The thread of the node ended, and is being restarted.
      if (error instanceof MainlineError) return undefined;
      throw error;
    }
  }

  /** Waits for the start of the node, and for its first known nodes. */
  #watch(starting: Promise<DhtNode>): void {
    starting
      .then((node) => {
        this.#node = node;
        return node.ready();
      })
      .then(
        () => this.answered(),
        () => {}, // it was closed or cannot be started, which open() reports
      );
  }
}

/** A MainlineError as a SourceError; any other error unchanged. */
export function toSourceError(error: unknown): unknown {
  return error instanceof MainlineError ? new SourceError(error.message, { cause: error }) : error;
}
