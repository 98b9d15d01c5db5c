import type { Cancellation } from '../../async/cancellation.ts';
import type { Clock } from '../../async/clock.ts';
import type { DenseSetItem } from '../../async/dense-set.ts';
import { rcodeToText } from '../../dns/codes.ts';
import type { AskReason, UpstreamFact } from '../../way/fact.ts';
import type { Trace } from '../../way/trace.ts';
import type { BegunQuery } from '../begun-query.ts';
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
import { type Candidate, type NextUpstream, nextUpstream, type SelectionReason } from './next-upstream.ts';

/** Timeout of one question, in ms: a stub resolver gives up after 5 s, and should hear of the failure before. */
const TOTAL_MS = 4200;

/** How long to wait before silent upstreams are asked a second time, in ms; twice that before the third. */
const AGAIN_MS = 400;

/** How long to wait for a better answer than SERVFAIL or REFUSED, in ms. */
const BETTER_MS = 1000;

/** The parameters of an inquiry. */
export interface InquiryOptions {
  readonly request: UpstreamRequest;
  /** The current upstreams for this question; called again by `restart`. */
  readonly members: () => readonly Member[];
  readonly clock: Clock;
  /** Cancelled when nobody waits for the answer any more. */
  readonly cancellation: Cancellation;
  /** Told each try, and what came of it. */
  readonly trace?: Trace | undefined;
  /** A query that was sent on the straight way: the first try goes on with it, if nobody else does. */
  readonly begun?: BegunQuery | undefined;
  /** False if too many tries are in flight for another one. */
  readonly mayBegin: () => boolean;
  /** A reply is late or a try failed: the upstreams should be probed. */
  readonly upstreamSuspected: () => void;
}

/** The state of one upstream within one question. */
interface Asked extends Candidate {
  readonly member: Member;
  asked: number;
  isSpent: boolean;
  /** It answered SERVFAIL or another error. */
  wasUnhelpful: boolean;
}

/** A try that a trace is told of. */
interface Try {
  readonly label: string;
  readonly why: AskReason;
  /** By the clock of the trace. */
  readonly at: number;
}

/**
 * Asks upstreams one question: the best first, the next one when that is late, all of them if need be. The first good
 * answer wins. Other tries go on after that, because the next choice depends on whether and when they are answered.
 */
export class Inquiry implements DenseSetItem {
  denseIndex = -1;
  readonly #options: InquiryOptions;
  readonly #reasons: UpstreamReason[] = [];
  #candidates: readonly Asked[] = [];
  /** Outcomes of tries of an earlier epoch are ignored. */
  #epoch = 0;
  #outstanding = 0;
  #best: UpstreamReply | undefined;
  /** Tries without an outcome, in the order in which they were begun; kept only for a trace. */
  readonly #pending = new Set<Try>();
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
   * Starts asking. May be called once.
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

  /** Starts again with the current upstreams, after a change of network for instance. The timeout goes on. */
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
    const { begun } = this.#options;
    if (this.#epoch > 1 || begun === undefined || !this.#goOnWith(begun)) this.#step();
  }

  /** Makes a query that was sent before the first try. @returns false when it is of no use. */
  #goOnWith(begun: BegunQuery): boolean {
    const asked = this.#candidates.find(({ member }) => begun.isAt(member.upstream));
    if (asked === undefined || !begun.claim()) return false;
    const waitMs = asked.health.hedgeAfterMs;
    this.#begin(asked, 'best', begun);
    this.#waitForNext(waitMs, this.#options.clock.now() - begun.sentAt);
    return true;
  }

  /** Fails with `closed`. */
  close(): void {
    this.#fail(new ForwardError('closed'));
  }

  /** Asks the next upstream, if there is one, and sets a timer for the one after. */
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
      // Nobody can be asked now; in a while a dead one can, or a live one has died.
      else if (this.#best === undefined) this.#stopStepTimer = clock.after(AGAIN_MS, () => this.#late());
      return;
    }
    if (!mayBegin()) {
      if (this.#outstanding === 0) this.#fail(new ForwardError('overloaded'));
      return;
    }
    const asked = this.#candidates[choice.index] as Asked;
    const waitMs = asked.health.hedgeAfterMs;
    this.#begin(asked, choice.why);
    this.#waitForNext(waitMs, 0);
  }

  /** Sets the timer for the next step; `waitMs` is the patience with the try that was made so many milliseconds ago. */
  #waitForNext(waitMs: number, agoMs: number): void {
    const next = this.#choose();
    const round = next === undefined ? 1 : (this.#candidates[next.index] as Asked).asked;
    const delayMs = round === 0 ? waitMs : AGAIN_MS * 2 ** (round - 1);
    this.#stopStepTimer = this.#options.clock.after(Math.max(0, delayMs - agoMs), () => this.#late());
  }

  #choose(): NextUpstream | undefined {
    const choice = nextUpstream(this.#candidates, this.#options.clock.now());
    if (choice === undefined) return undefined;
    // With an answer at hand, only an upstream that was not asked yet can have a better one.
    const isAgain = (this.#candidates[choice.index] as Asked).asked > 0;
    return isAgain && this.#best !== undefined ? undefined : choice;
  }

  #late(): void {
    this.#options.upstreamSuspected();
    this.#step();
  }

  #begin(asked: Asked, why: SelectionReason, begun?: BegunQuery): void {
    const { request, cancellation, clock, trace } = this.#options;
    const epoch = this.#epoch;
    const attempt = asked.asked;
    asked.asked += 1;
    this.#outstanding += 1;
    const tried = trace && { label: asked.member.upstream.label, why, at: trace.now() };
    if (tried !== undefined) this.#pending.add(tried);
    const over = (): boolean => {
      if (epoch !== this.#epoch || this.#isSettled) return true;
      this.#outstanding -= 1;
      return false;
    };
    const trouble = (): void => {
      if (epoch === this.#epoch && !this.#isSettled) this.#advance();
    };
    asked.member.ask({ request, attempt, cancellation, trouble, clock, why, begun }).then(
      (reply) => {
        if (over()) return;
        this.#tell(tried, { outcome: 'answered', rcode: rcodeToText(reply.rcode) });
        this.#replied(asked, reply);
      },
      (error: unknown) => {
        if (over()) return;
        if (error instanceof UpstreamFailure) this.#tell(tried, { outcome: 'failed', text: error.message });
        this.#failed(asked, error);
      },
    );
  }

  #replied(asked: Asked, reply: UpstreamReply): void {
    asked.isSpent = true;
    if (!isUnhelpful(reply.rcode)) {
      for (const other of this.#candidates) {
        if (other.wasUnhelpful) other.health.gaveWorseAnswer();
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
      // A cancellation is handled by `#leave`; anything else is a bug, which must not be hidden.
      this.#fail(error);
      return;
    }
    this.#note(asked, error.kind, error.message);
    this.#options.upstreamSuspected();
    this.#advance();
  }

  /** A try failed: asks an upstream that was not asked yet at once. Those that are silent keep their time. */
  #advance(): void {
    const choice = this.#choose();
    const isFresh = choice !== undefined && this.#candidates[choice.index]?.asked === 0;
    if (isFresh || this.#outstanding === 0) this.#step();
  }

  /** No further reply can come, or the time is up. */
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

  /** Tells the trace of a try, if there is one. */
  #tell(tried: Try | undefined, outcome: Pick<UpstreamFact, 'outcome' | 'rcode' | 'text'>): void {
    const { trace } = this.#options;
    if (trace === undefined || tried === undefined) return;
    this.#pending.delete(tried);
    const { label, why, at } = tried;
    trace.tell({ of: 'upstream', label, why, durationMs: trace.tookSince(at), ...outcome });
  }

  /** Remembers why an upstream failed; the same failure of several tries is one reason. */
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
    for (const tried of this.#pending) this.#tell(tried, { outcome: 'silent' });
    this.#stopStepTimer();
    this.#stopTotalTimer();
    this.#stopBetterTimer();
    this.#options.cancellation.unlisten(this.#leave);
    return true;
  }
}
