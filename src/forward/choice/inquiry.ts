import type { Cancellation } from '../../async/cancellation.ts';
import type { Clock } from '../../async/clock.ts';
import type { DenseSetItem } from '../../async/dense-set.ts';
import {
  ForwardError,
  forwardErrorOf,
  UpstreamFailure,
  type UpstreamFailureKind,
  type UpstreamReason,
} from '../errors.ts';
import { isUnhelpful, type UpstreamReply } from '../reply.ts';
import type { UpstreamRequest } from '../request.ts';
import type { Member } from './member.ts';
import { type Candidate, type NextUpstream, nextUpstream } from './next-upstream.ts';

/** Everything for one question, in ms. A stub resolver gives up after 5 s, and somebody has to tell it before. */
const TOTAL_MS = 4200;

/** The wait before silent upstreams are asked a second time, in ms; doubled for the third. */
const AGAIN_MS = 400;

/** How long a better answer than SERVFAIL or REFUSED is awaited, in ms. */
const BETTER_MS = 1000;

/** What an inquiry is given. */
export interface InquiryOptions {
  readonly request: UpstreamRequest;
  /** The upstreams for this question as they are now; read again after `restart`. */
  readonly members: () => readonly Member[];
  readonly clock: Clock;
  /** The asker is gone. */
  readonly cancellation: Cancellation;
  /** False when too much is in flight to begin another try. */
  readonly mayBegin: () => boolean;
  /** A reply was late: somebody should look after the upstreams. */
  readonly worried: () => void;
}

/** An upstream and how far this question got with it. */
interface Asked extends Candidate {
  readonly member: Member;
  asked: number;
  isSpent: boolean;
  /** It answered SERVFAIL or the like. */
  wasUnhelpful: boolean;
}

/**
 * One question put to upstreams: to the best, to the next when that is late, to all when it must be. The first good
 * answer wins. The others are still waited for, after the asker has its answer: how late they are, or whether they
 * are silent, is what the next choice goes by.
 */
export class Inquiry implements DenseSetItem {
  denseIndex = -1;
  readonly #options: InquiryOptions;
  readonly #reasons: UpstreamReason[] = [];
  #candidates: readonly Asked[] = [];
  /** Tries of an earlier one are not listened to. */
  #epoch = 0;
  #outstanding = 0;
  #best: UpstreamReply | undefined;
  #isSettled = false;
  #stopStepTimer: () => void = () => {};
  #stopTotalTimer: () => void = () => {};
  #stopBetterTimer: () => void = () => {};
  #resolve: (reply: UpstreamReply) => void = () => {};
  #reject: (reason: unknown) => void = () => {};
  readonly #leave = (reason: unknown): void => this.#fail(reason);

  constructor(options: InquiryOptions) {
    this.#options = options;
  }

  /**
   * Asks. Once only.
   * @throws ForwardError, or the reason of the cancellation.
   */
  run(): Promise<UpstreamReply> {
    const { clock, cancellation } = this.#options;
    return new Promise((resolve, reject) => {
      if (cancellation.isCancelled) {
        reject(cancellation.reason);
        return;
      }
      this.#resolve = resolve;
      this.#reject = reject;
      cancellation.listen(this.#leave);
      this.#stopTotalTimer = clock.after(TOTAL_MS, () => this.#giveUp());
      this.restart();
    });
  }

  /** Asks anew from the start, for instance after a change of network; the time of the question goes on. */
  restart(): void {
    if (this.#isSettled) return;
    this.#epoch += 1;
    this.#outstanding = 0;
    this.#reasons.length = 0;
    this.#stopStepTimer();
    this.#stopBetterTimer();
    this.#best = undefined;
    this.#candidates = this.#options.members().map((member) => ({
      member,
      health: member.health,
      isFallback: member.isFallback,
      isLossy: member.upstream.isLossy,
      asked: 0,
      isSpent: false,
      wasUnhelpful: false,
    }));
    this.#step();
  }

  /** Ends it. */
  close(): void {
    this.#fail(new ForwardError('closed'));
  }

  /** Asks the next upstream, if there is one, and sets the time for the one after. */
  #step(): void {
    this.#stopStepTimer();
    if (this.#isSettled) return;
    if (this.#candidates.length === 0) {
      this.#fail(new ForwardError('no-upstreams'));
      return;
    }
    const { clock, mayBegin } = this.#options;
    const choice = this.#choose();
    if (choice === undefined) {
      if (this.#outstanding === 0) this.#giveUp();
      // Nothing may be asked now; what is dead may be in a while, or by then what is alive is not.
      else if (this.#best === undefined) this.#stopStepTimer = clock.after(AGAIN_MS, () => this.#late());
      return;
    }
    if (!mayBegin()) {
      if (this.#outstanding === 0) this.#fail(new ForwardError('overloaded'));
      return;
    }
    const asked = this.#candidates[choice.index] as Asked;
    const waitMs = asked.health.hedgeAfterMs;
    this.#begin(asked, choice);
    const next = this.#choose();
    const round = next === undefined ? 1 : (this.#candidates[next.index] as Asked).asked;
    const delayMs = round === 0 ? waitMs : AGAIN_MS * 2 ** (round - 1);
    this.#stopStepTimer = clock.after(delayMs, () => this.#late());
  }

  #choose(): NextUpstream | undefined {
    const choice = nextUpstream(this.#candidates, this.#options.clock.now());
    if (choice === undefined) return undefined;
    // An answer is there already: only an upstream that was not asked can give a better one.
    const isAgain = (this.#candidates[choice.index] as Asked).asked > 0;
    return isAgain && this.#best !== undefined ? undefined : choice;
  }

  #late(): void {
    this.#options.worried();
    this.#step();
  }

  #begin(asked: Asked, choice: NextUpstream): void {
    const { request, cancellation, clock } = this.#options;
    const epoch = this.#epoch;
    const attempt = asked.asked;
    asked.asked += 1;
    this.#outstanding += 1;
    const over = (): boolean => {
      if (epoch !== this.#epoch || this.#isSettled) return true;
      this.#outstanding -= 1;
      return false;
    };
    const trouble = (): void => {
      if (epoch === this.#epoch && !this.#isSettled) this.#advance();
    };
    asked.member.ask({ request, attempt, cancellation, trouble, clock, why: choice.why }).then(
      (reply) => {
        if (!over()) this.#replied(asked, reply);
      },
      (error: unknown) => {
        if (!over()) this.#failed(asked, error);
      },
    );
  }

  #replied(asked: Asked, reply: UpstreamReply): void {
    asked.isSpent = true;
    if (!isUnhelpful(reply.rcode)) {
      for (const other of this.#candidates) {
        if (other.wasUnhelpful) other.health.outdone();
      }
      this.#succeed(reply);
      return;
    }
    asked.wasUnhelpful = true;
    if (this.#best === undefined) {
      this.#best = reply;
      this.#stopBetterTimer = this.#options.clock.after(BETTER_MS, () => this.#succeed(reply));
    }
    this.#advance();
  }

  #failed(asked: Asked, error: unknown): void {
    asked.isSpent = true;
    if (!(error instanceof UpstreamFailure)) {
      // The reason of the cancellation comes to us by itself; anything else is a bug, and the asker shall see it.
      this.#fail(error);
      return;
    }
    this.#note(asked, error.kind, error.message);
    this.#options.worried();
    this.#advance();
  }

  /** One try went wrong: asks an upstream that was not asked at once; one that is silent has its time still. */
  #advance(): void {
    const choice = this.#choose();
    const isFresh = choice !== undefined && this.#candidates[choice.index]?.asked === 0;
    if (isFresh || this.#outstanding === 0) this.#step();
  }

  /** Nothing more can come, or there is no more time. */
  #giveUp(): void {
    if (this.#best !== undefined) {
      this.#succeed(this.#best);
      return;
    }
    for (const candidate of this.#candidates) {
      if (candidate.asked > 0 && !candidate.isSpent) this.#note(candidate, 'timed-out', 'did not answer');
    }
    this.#fail(forwardErrorOf([...this.#reasons]));
  }

  /** Keeps why an upstream failed; several tries that failed alike are one reason. */
  #note({ member }: Asked, kind: UpstreamFailureKind, text: string): void {
    const upstream = member.upstream.label;
    const isKnown = this.#reasons.some((reason) => reason.upstream === upstream && reason.text === text);
    if (!isKnown) this.#reasons.push({ upstream, kind, text });
  }

  #succeed(reply: UpstreamReply): void {
    if (this.#settle()) this.#resolve(reply);
  }

  #fail(reason: unknown): void {
    if (this.#settle()) this.#reject(reason);
  }

  #settle(): boolean {
    if (this.#isSettled) return false;
    this.#isSettled = true;
    this.#stopStepTimer();
    this.#stopTotalTimer();
    this.#stopBetterTimer();
    this.#options.cancellation.unlisten(this.#leave);
    return true;
  }
}
