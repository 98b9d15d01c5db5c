import type { Cancellation } from '../../async/cancellation.ts';
import type { Clock } from '../../async/clock.ts';
import { Histogram, type HistogramSnapshot } from '../../observe/metrics/histogram.ts';
import type { BegunQuery } from '../begun-query.ts';
import { UpstreamFailure } from '../errors.ts';
import type { UpstreamReply } from '../reply.ts';
import type { UpstreamRequest } from '../request.ts';
import type { Upstream } from '../upstream.ts';
import { UpstreamHealth } from './health.ts';
import type { SelectionReason } from './next-upstream.ts';

/** One try, and the reason for it. */
export interface MemberAsk {
  readonly request: UpstreamRequest;
  /** How often this upstream was asked this question before, from 0. */
  readonly attempt: number;
  /** See `Ask`. */
  readonly isPlain?: boolean;
  readonly cancellation: Cancellation;
  readonly trouble: (failure: UpstreamFailure) => void;
  readonly clock: Clock;
  readonly why: SelectionReason | 'probe';
  /** A query that was sent on the straight way and was claimed: the try goes on with it. */
  readonly begun?: BegunQuery | undefined;
}

/** An upstream with its health. Every try goes through here, so that each one counts. */
export class Member {
  readonly upstream: Upstream;
  readonly isFallback: boolean;
  readonly #durations = new Histogram();
  readonly #inFlight: { count: number };
  #health = new UpstreamHealth();
  /** Tries since the start, probes included. */
  asked = 0;
  /** Tries that were answered, with any RCODE. */
  answered = 0;
  /** Tries that failed; those that were not waited for to the end are none. */
  failed = 0;
  /** Why it was last asked. */
  lastWhy: MemberAsk['why'] | undefined;

  /** `inFlight` counts the tries of all members together. */
  constructor(upstream: Upstream, isFallback: boolean, inFlight: { count: number }) {
    this.upstream = upstream;
    this.isFallback = isFallback;
    this.#inFlight = inFlight;
  }

  /** From each try to its first reply. */
  get durations(): HistogramSnapshot {
    return this.#durations.snapshot();
  }

  get health(): UpstreamHealth {
    return this.#health;
  }

  /** The network changed: what was learned before is void. */
  forget(): void {
    // Pending tries report to the health that they started with.
    this.#health = new UpstreamHealth();
    this.upstream.reset();
  }

  /** @throws UpstreamFailure, or the reason of the cancellation. */
  async ask(ask: MemberAsk): Promise<UpstreamReply> {
    const { request, attempt, isPlain, cancellation, trouble, clock, why, begun } = ask;
    const health = begun?.health ?? this.#health;
    const startedAt = begun?.sentAt ?? clock.now();
    // What was begun has counted since.
    if (begun === undefined) this.#asks(startedAt, why);
    let hasHeard = false;
    const heard = (): void => {
      if (hasHeard) return;
      hasHeard = true;
      const now = clock.now();
      this.#durations.record(now - startedAt);
      health.heard(now, now - startedAt);
    };
    try {
      const reply = await this.upstream.ask({
        request,
        attempt,
        isPlain,
        observer: { heard, trouble },
        cancellation,
        begun,
      });
      this.answered += 1;
      health.ended(clock.now(), startedAt);
      return reply;
    } catch (error) {
      const isTelling = error instanceof UpstreamFailure && error.kind !== 'no-sockets';
      if (isTelling) {
        this.failed += 1;
        health.ended(clock.now(), startedAt, error);
      } else health.cancelled();
      throw error;
    } finally {
      begun?.release();
      this.#inFlight.count -= 1;
    }
  }

  /** A query was sent on the straight way. One of the following follows, or `ask` with it. */
  straightAsked(now: number): void {
    this.#asks(now, 'best');
  }

  /** Its reply came, and is the answer. */
  straightAnswered({ health, sentAt }: BegunQuery, now: number): void {
    this.#durations.record(now - sentAt);
    health?.heard(now, now - sentAt);
    this.answered += 1;
    health?.ended(now, sentAt);
    this.#inFlight.count -= 1;
  }

  /** Nobody waits for its reply any more. */
  straightDropped({ health }: BegunQuery): void {
    health?.cancelled();
    this.#inFlight.count -= 1;
  }

  #asks(now: number, why: MemberAsk['why']): void {
    this.#health.asked(now, why === 'probe' ? 'probe' : 'question');
    this.asked += 1;
    this.lastWhy = why;
    this.#inFlight.count += 1;
  }
}
