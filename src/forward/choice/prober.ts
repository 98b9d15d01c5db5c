import { Cancellation } from '../../async/cancellation.ts';
import type { Clock } from '../../async/clock.ts';
import { Class, Type } from '../../dns/codes.ts';
import { Name } from '../../dns/name.ts';
import { UpstreamFailure } from '../errors.ts';
import { buildRequest } from '../request.ts';
import type { Member } from './member.ts';
import { PROBE_EVERY_MS } from './next-upstream.ts';

/** Probing stops this long after the last question, in ms, so that an idle machine can sleep. */
const AFTER_USE_MS = 60_000;

/** The probe: every resolver has the answer in its cache. Any reply shows that it is alive. */
const probe = buildRequest({ name: Name.root, type: Type.NS, class: Class.IN }, false, false);

/**
 * Probes dead upstreams, each at most once a second, until they answer. A dead upstream delays one question, and none is
 * needed to find out that it is back. A timer runs only while something is wrong and questions are asked.
 */
export class Prober {
  readonly #clock: Clock;
  readonly #members: () => Iterable<Member>;
  readonly #closing = new Cancellation();
  readonly #probes = new WeakMap<Member, number>();
  #lastUsedAt = Number.NEGATIVE_INFINITY;
  #stopTimer: (() => void) | undefined;
  #isPaused = false;

  constructor(clock: Clock, members: () => Iterable<Member>) {
    this.#clock = clock;
    this.#members = members;
  }

  /** A question was asked. */
  used(): void {
    this.#lastUsedAt = this.#clock.now();
    if (this.#isPaused) {
      this.#isPaused = false;
      this.upstreamSuspected();
    }
  }

  /** Something may be wrong with an upstream. */
  upstreamSuspected(): void {
    if (this.#stopTimer === undefined && !this.#closing.isCancelled) this.#schedule();
  }

  /** Ends all probes. */
  close(): void {
    this.#stopTimer?.();
    this.#closing.cancel(new UpstreamFailure('reset', 'was closed'));
  }

  #schedule(): void {
    const now = this.#clock.now();
    let dueAt = Number.POSITIVE_INFINITY;
    for (const { health } of this.#members()) {
      // Not only if it is late by now: this is called at the very moment when it becomes late.
      if (health.owesReply) dueAt = Math.min(dueAt, health.lastAskedAt + PROBE_EVERY_MS);
    }
    this.#stopTimer = undefined;
    if (dueAt === Number.POSITIVE_INFINITY) return;
    // Rather a little late than a little early, which would need another timer.
    const delayMs = Math.max(Math.ceil(dueAt - now) + 1, 10);
    this.#stopTimer = this.#clock.after(delayMs, () => this.#tick(), true);
  }

  #tick(): void {
    const now = this.#clock.now();
    if (now - this.#lastUsedAt > AFTER_USE_MS) {
      this.#stopTimer = undefined;
      this.#isPaused = true;
      return;
    }
    for (const member of this.#members()) {
      const isDue = now - member.health.lastAskedAt >= PROBE_EVERY_MS;
      if (isDue && member.health.state(now) === 'dead') this.#probe(member);
    }
    this.#schedule();
  }

  #probe(member: Member): void {
    const count = this.#probes.get(member) ?? 0;
    this.#probes.set(member, count + 1);
    const ask = {
      request: probe,
      attempt: 0,
      // Every other one, in case the upstream does not answer queries with EDNS.
      isPlain: count % 2 === 1,
      cancellation: this.#closing,
      trouble: () => {},
      clock: this.#clock,
    };
    member.ask({ ...ask, why: 'probe' }).catch((error: unknown) => {
      // Expected: it is still dead, and its health has been told.
      if (!(error instanceof UpstreamFailure)) throw error;
    });
  }
}
