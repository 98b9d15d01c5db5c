import type { Clock } from '../../async/clock.ts';
import { DenseSet } from '../../async/dense-set.ts';
import type { StraightSending } from '../begun-query.ts';
import type { Member } from '../choice/member.ts';
import { type Candidate, nextUpstream } from '../choice/next-upstream.ts';
import { UpstreamFailure } from '../errors.ts';
import { isTellingCase, questionText } from '../request.ts';
import type { StraightOwner, StraightQuery } from './straight-query.ts';

/** How often it is looked for replies that are late, in ms: one timer for all, where each having its own would cost more than a query. */
const TICK_MS = 10;

/** A timer that is later than this, in ms, was held up by a machine or a program that is busy. */
const HELD_UP_MS = 20;

/** What a key can end with. */
const ALL_FLAGS = ['\0', '\x01', '\x02', '\x03'] as const;

/** An upstream for the first try of a question. */
export class FirstCandidate implements Candidate {
  readonly member: Member;
  readonly isFallback: boolean;
  readonly isLossy: boolean;
  readonly asked = 0;
  readonly isSpent = false;

  constructor(member: Member) {
    this.member = member;
    this.isFallback = member.isFallback;
    this.isLossy = member.upstream.isLossy;
  }

  /** That of this moment. */
  get health(): Candidate['health'] {
    return this.member.health;
  }
}

/** Asks questions on the straight way, and knows those that wait for their reply. */
export class StraightAsking implements StraightOwner {
  readonly #clock: Clock;
  readonly #byKey = new Map<string, StraightQuery>();
  readonly #waiting = new DenseSet<StraightQuery>();
  #stopTick: (() => void) | undefined;
  /** When it is to be looked next. */
  #tickAt = 0;
  /** The last look was put off. */
  #wasHeldUp = false;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** Queries that wait for their reply. */
  get size(): number {
    return this.#waiting.size;
  }

  /** The query with this key that waits for its reply. */
  find(key: string): StraightQuery | undefined {
    return this.#byKey.get(key);
  }

  /**
   * Asks the best of the candidates, if that one is healthy and has the straight way, and nobody has asked the same.
   * @returns false when the question is for the full way; then nothing was done.
   */
  ask(query: StraightQuery, candidates: readonly FirstCandidate[]): boolean {
    const now = this.#clock.now();
    const choice = nextUpstream(candidates, now);
    if (choice?.why !== 'best') return false;
    const { member } = candidates[choice.index] as FirstCandidate;
    const { health } = member;
    const way = health.srttMs === undefined ? undefined : member.upstream.straight;
    if (way?.isOpen !== true || this.#byKey.has(query.request.cacheKey)) return false;
    query.begin(this, now, now + health.hedgeAfterMs, health);
    try {
      way.send(query, member);
    } catch (error) {
      if (error instanceof UpstreamFailure) return false;
      throw error;
    }
    member.straightAsked(now);
    this.#byKey.set(query.request.cacheKey, query);
    this.#waiting.add(query);
    if (this.#stopTick === undefined) this.#tickIn(TICK_MS, now);
    return true;
  }

  /** See `Forwarder.cameBackFrom`. */
  cameBackFrom(query: Uint8Array, questionEnd: number): string | undefined {
    if (this.#waiting.size === 0 || !isTellingCase(query, questionEnd)) return undefined;
    const text = questionText(query, questionEnd);
    for (const flags of ALL_FLAGS) {
      const sending = this.#byKey.get(text + flags)?.sending;
      const isOurs = sending !== undefined && isSameQuestion(sending.octets, query, questionEnd);
      if (isOurs) return sending.party.upstream.label;
    }
    return undefined;
  }

  /** All that wait go the full way. With `anew` it asks again, for what was sent is of no use. */
  leaveAll(how: 'anew' | 'with-what-was-sent'): void {
    for (let i = this.#waiting.size - 1; i >= 0; i = Math.min(i, this.#waiting.size) - 1) {
      const query = this.#waiting.at(i) as StraightQuery;
      if (how === 'anew') query.restart();
      else query.leave();
    }
  }

  /** See `StraightOwner`. */
  answered(query: StraightQuery, sending: StraightSending, edns: boolean): void {
    this.#forget(query);
    const now = this.#clock.now();
    sending.party.straightAnswered(query, now);
    sending.answered(edns, now);
  }

  /** See `StraightOwner`. */
  left(query: StraightQuery): void {
    this.#forget(query);
  }

  /** See `StraightOwner`. */
  dropped(query: StraightQuery, { party }: StraightSending): void {
    party.straightDropped(query);
  }

  #forget(query: StraightQuery): void {
    this.#byKey.delete(query.request.cacheKey);
    this.#waiting.delete(query);
  }

  #tickIn(ms: number, now: number): void {
    this.#tickAt = now + ms;
    this.#stopTick = this.#clock.after(ms, this.#tick, true);
  }

  readonly #tick = (): void => {
    this.#stopTick = undefined;
    const now = this.#clock.now();
    // It is not the upstream that is late: what it sent while this program could not run is read first, in the turn that follows.
    if (now - this.#tickAt > HELD_UP_MS && !this.#wasHeldUp) {
      this.#wasHeldUp = true;
      this.#tickIn(0, now);
      return;
    }
    this.#wasHeldUp = false;
    for (let i = this.#waiting.size - 1; i >= 0; i = Math.min(i, this.#waiting.size) - 1) {
      const query = this.#waiting.at(i) as StraightQuery;
      if (now >= query.lateAt) query.leave();
    }
    if (this.#waiting.size > 0 && this.#stopTick === undefined) this.#tickIn(TICK_MS, now);
  };
}

function isSameQuestion(one: Uint8Array, other: Uint8Array, questionEnd: number): boolean {
  for (let i = 12; i < questionEnd; i++) if (one[i] !== other[i]) return false;
  return true;
}
