import { SharedPromise } from '../async/shared-promise.ts';
import type { DhtNode } from '../mainline/dht-node.ts';
import { MainlineError } from '../mainline/errors.ts';
import { SourceError } from './packet-source.ts';

/** Milliseconds in which some node has to answer something; a round trip takes 0.6 s even by satellite. */
const PATIENCE = 3_000;
/** Milliseconds for the start of our node, for which the addresses of bootstrap hosts have to be found. */
const START_PATIENCE = 6_000;
/** Milliseconds after a failure in which nothing is asked; doubled with each further one up to the longest. */
const FIRST_PAUSE = 1_000;
const LONGEST_PAUSE = 5_000;

/** The node for one lookup or put. To be disposed of when that is over. */
export interface DhtSession extends Disposable {
  readonly node: DhtNode;
  /** Aborts with the caller's signal, and with a SourceError when no node answers anything. */
  readonly signal: AbortSignal;
}

/**
 * Our node of the DHT, and whether any other node answers it. When none did for three seconds, whoever waits fails, and for
 * a while whoever comes next fails at once, so that relays can be asked instead; then one lookup is let through to try.
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
   * @param node may still be starting, and may stay pending while there is no network.
   * @param now milliseconds, never going back.
   */
  constructor(node: Promise<DhtNode>, now: () => number = () => performance.now()) {
    this.#now = now;
    this.#started = new SharedPromise(node);
    this.#watch(node);
  }

  /** The node once it is started; it may know no others yet. */
  get node(): DhtNode | undefined {
    return this.#node;
  }

  /** `run` is called at the first answer after a failure. */
  onRecovered(run: () => void): void {
    this.#listeners.push(run);
  }

  /** Tries again at once: what failed in the old network says nothing of the new one. */
  networkChanged(): void {
    this.#failures = 0;
    this.#pausedUntil = Number.NEGATIVE_INFINITY;
    this.#isTrying = false;
  }

  /**
   * The node, for a lookup or put. Whether it knows others makes no difference: they begin at the bootstrap addresses.
   * @throws SourceError when no node answers, or ours cannot be started; the reason of `signal`.
   */
  async open(signal: AbortSignal): Promise<DhtSession> {
    signal.throwIfAborted();
    const isTry = await this.#passPause();
    const silence = new AbortController();
    const either = AbortSignal.any([signal, silence.signal]);
    let timer: NodeJS.Timeout | undefined;
    const expectAnswersWithin = (milliseconds: number) => {
      clearTimeout(timer);
      const before = this.#answers();
      timer = setTimeout(() => {
        this.#expectAnswers(before, milliseconds).catch((error: unknown) => silence.abort(error));
      }, milliseconds);
    };
    const dispose = () => {
      clearTimeout(timer);
      if (isTry) this.#isTrying = false;
    };
    try {
      expectAnswersWithin(this.#node === undefined ? START_PATIENCE : PATIENCE);
      const node = await this.#started.wait(either);
      expectAnswersWithin(PATIENCE);
      return { node, signal: either, [Symbol.dispose]: dispose };
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

  /** No node answered. @returns the error to throw. */
  async failed(reason: string): Promise<SourceError> {
    const now = this.#now();
    // Lookups that fail together are one failure.
    if (now >= this.#pausedUntil) {
      this.#pausedUntil = now + Math.min(LONGEST_PAUSE, FIRST_PAUSE * 2 ** Math.min(this.#failures++, 10));
      this.#answersAtFailure = await this.#answers();
    }
    return new SourceError(reason);
  }

  /** Whether this is the one that tries after a failure. @throws SourceError for all others */
  async #passPause(): Promise<boolean> {
    // The node goes on looking for others by itself, and may have had an answer since the failure.
    if (this.#failures > 0 && (await this.#answers()) > this.#answersAtFailure) this.answered();
    if (this.#failures === 0) return false;
    if (this.#isTrying || this.#now() < this.#pausedUntil) {
      // When the network is back, whoever asks next is not to wait for the end of the pause.
      this.#node?.wake();
      throw new SourceError('no DHT node answered lately');
    }
    this.#isTrying = true;
    return true;
  }

  /** @throws SourceError when there was no answer since `before`. */
  async #expectAnswers(before: Promise<number>, patience: number): Promise<void> {
    // Answers to any query count: a lookup may wait for nodes that are gone while others are there. The count begins anew
    // when the thread of the node was started again.
    const answers = await this.#answers();
    if (answers > 0 && answers !== (await before)) this.answered();
    else throw await this.failed(`no DHT node answered within ${patience / 1000} s`);
  }

  /** How many answers the node had; 0 while there is none. */
  async #answers(): Promise<number> {
    try {
      return (await this.#node?.status())?.queries.answered ?? 0;
    } catch (error) {
      // The thread of the node died, and is started again.
      if (error instanceof MainlineError) return 0;
      throw error;
    }
  }

  /** Notes the node when it is started, and that others answer it when it knows some. */
  #watch(starting: Promise<DhtNode>): void {
    starting
      .then((node) => {
        this.#node = node;
        return node.ready();
      })
      .then(
        () => this.answered(),
        () => {}, // it was closed, or cannot be started: whoever waits for it is told
      );
  }
}

/** A failure of the node as one of the source; anything else as it is. */
export function toSourceError(error: unknown): unknown {
  return error instanceof MainlineError ? new SourceError(error.message, { cause: error }) : error;
}
