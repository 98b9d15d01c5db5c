import type { Clock } from '../../async/clock.ts';
import type { DenseSetItem } from '../../async/dense-set.ts';
import { WireError } from '../../dns/wire-error.ts';
import { networkFailure, UpstreamFailure } from '../errors.ts';
import { matchReply, type WrongReply } from '../reply-match.ts';
import type { Lane, LaneListener } from './lane.ts';
import { MAX_WRONG_REPLIES, spoofed } from './wrong-replies.ts';

/** How long to wait for a valid reply after a malformed one with the right ID and question, in ms. */
const MALFORMED_GRACE_MS = 300;

/** One query. */
export interface UdpExchangeOptions<T> {
  /** Given back by the caller when `ended` is called. */
  readonly lane: Pick<Lane, 'send'>;
  /** The message, with its final ID and case. */
  readonly query: Uint8Array;
  /** Offset after its question. */
  readonly questionEnd: number;
  /** Timeout in ms. */
  readonly timeoutMs: number;
  readonly clock: Clock;
  /** Makes the outcome of a reply that matches. A WireError that it throws makes the reply a malformed one. */
  readonly accept: (reply: Uint8Array) => T;
  /** Called for each wrong reply; the exchange goes on. */
  readonly wrong: (kind: WrongReply) => void;
  /** Called when the exchange has ended, however; never before the constructor has returned. */
  readonly ended: () => void;
}

/** A query that was sent, until a matching reply or a failure. */
export class UdpExchange<T> implements DenseSetItem, LaneListener {
  denseIndex = -1;
  /**
   * What `accept` returned. Rejects with UpstreamFailure `timed-out`, `refused`, `unreachable`, `malformed`, `spoofed`,
   * with what `cancel` was given, or with what `accept` threw.
   */
  readonly outcome: Promise<T>;
  /** Ends the exchange for this reason, if it has not ended. */
  readonly cancel: (reason: unknown) => void = (reason) => {
    if (this.#end()) this.#reject(reason);
  };
  readonly #options: UdpExchangeOptions<T>;
  #resolve: (accepted: T) => void = () => {};
  #reject: (reason: unknown) => void = () => {};
  #stopTimer: () => void;
  #wrongReplies = 0;
  #sawMalformed = false;
  #isOver = false;

  /** Sends at once. */
  constructor(options: UdpExchangeOptions<T>) {
    this.#options = options;
    this.outcome = new Promise<T>((resolve, reject) => {
      this.#resolve = resolve;
      this.#reject = reject;
    });
    this.#stopTimer = options.clock.after(options.timeoutMs, () => this.#timeOut());
    options.lane.send(options.query, this);
  }

  /** See `LaneListener`. */
  failed(error: unknown): void {
    this.cancel(networkFailure(error));
  }

  /** See `LaneListener`. */
  received(reply: Uint8Array): boolean {
    if (this.#isOver) return true;
    const { query, questionEnd, accept } = this.#options;
    const match = matchReply(query, questionEnd, reply);
    if (match !== 'match') {
      this.#countWrong(match);
      return match === 'case';
    }
    let accepted: T;
    try {
      accepted = accept(reply);
    } catch (error) {
      if (error instanceof WireError) this.#countWrong('malformed');
      else this.cancel(error);
      return true;
    }
    if (this.#end()) this.#resolve(accepted);
    return true;
  }

  #countWrong(kind: WrongReply): void {
    this.#wrongReplies += 1;
    if (kind === 'malformed' && !this.#sawMalformed) {
      this.#sawMalformed = true;
      this.#stopTimer();
      this.#stopTimer = this.#options.clock.after(MALFORMED_GRACE_MS, () => this.#timeOut());
    }
    this.#options.wrong(kind);
    if (this.#wrongReplies >= MAX_WRONG_REPLIES) this.cancel(spoofed());
  }

  #timeOut(): void {
    if (this.#sawMalformed) this.cancel(new UpstreamFailure('malformed', 'sent a malformed reply'));
    else this.cancel(new UpstreamFailure('timed-out', 'did not answer'));
  }

  #end(): boolean {
    if (this.#isOver) return false;
    this.#isOver = true;
    this.#stopTimer();
    this.#options.ended();
    return true;
  }
}
