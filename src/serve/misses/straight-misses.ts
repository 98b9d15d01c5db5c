import type { AnswerCache } from '../../cache/answer-cache.ts';
import type { MessageLayout } from '../../dns/layout.ts';
import type { UpstreamReply } from '../../forward/reply.ts';
import { StraightQuery } from '../../forward/straight/straight-query.ts';
import type { StraightWay } from '../../resolve/straight-way.ts';
import type { LocalAnswers } from '../local-answers.ts';
import type { Request } from '../request.ts';
import type { Asker } from './asker.ts';
import { type Outcome, packForwarded } from './resolutions.ts';

/** What the straight way of a miss needs. */
export interface StraightMissesParts {
  readonly way: StraightWay;
  readonly cache: AnswerCache;
  /** What is answered before upstreams are asked; undefined for nothing. */
  readonly local?: Pick<LocalAnswers, 'mayAnswer'> | undefined;
  readonly trustAuthenticData: boolean;
  /** Whether a resolution of this question is in flight, which it should join. */
  readonly isResolving: (cacheKey: string) => boolean;
  /** Sends an outcome to one of those who asked. Throws only because of a bug. */
  readonly deliver: (request: Request, asker: Asker, outcome: Outcome) => void;
  /** Goes the full way with a question, and with the query that was sent for it if there is one. Never throws. */
  readonly goOn: (request: Request, asker: Asker, begun: StraightQuery | undefined) => void;
  /** Called with an unexpected error. */
  readonly onBug: (error: unknown) => void;
}

/**
 * The path of nearly every miss: a plain question, one query to a healthy upstream, and its reply, which is packed once, kept,
 * and sent to all who wait. Anything unusual, in the question or in the reply, goes the full way, which gives the same octets
 * for what can be answered here.
 */
export class StraightMisses {
  readonly #parts: StraightMissesParts;

  constructor(parts: StraightMissesParts) {
    this.#parts = parts;
  }

  /**
   * Takes a request that the cache has nothing for; its octets must not change. @returns false when it is for the full way;
   * then nothing was done.
   */
  take(request: Request, asker: Asker): boolean {
    const { way, cache, local, isResolving } = this.#parts;
    const { cacheKey, bytes, questionEnd } = request;
    if (local?.mayAnswer(bytes, questionEnd - 4)) return false;
    const known = way.find(cacheKey);
    if (known !== undefined) return known instanceof StraightMiss && known.join(this.#parts, request, asker);
    if (!way.isFor(cacheKey) || isResolving(cacheKey)) return false;
    return way.ask(new StraightMiss(this.#parts, request, asker, cache.generation));
  }
}

/** One who waits for the same reply as others. */
interface Waiter {
  readonly request: Request;
  readonly asker: Asker;
}

class StraightMiss extends StraightQuery {
  readonly #parts: StraightMissesParts;
  readonly #request: Request;
  readonly #asker: Asker;
  /** The generation of the cache when it was asked. */
  readonly #begun: number;
  #others: Waiter[] | undefined;

  constructor(parts: StraightMissesParts, request: Request, asker: Asker, begun: number) {
    super(request);
    this.#parts = parts;
    this.#request = request;
    this.#asker = asker;
    this.#begun = begun;
  }

  /** @returns false when what is waited for may be outdated, or is for others. */
  join(parts: StraightMissesParts, request: Request, asker: Asker): boolean {
    if (parts !== this.#parts || parts.cache.isForgotten(request.cacheKey, this.#begun)) return false;
    this.#others ??= [];
    this.#others.push({ request, asker });
    return true;
  }

  protected override accepts(bytes: Uint8Array, layout: MessageLayout): boolean {
    return this.#parts.way.accepts(bytes, layout);
  }

  protected override answered(answer: UpstreamReply): void {
    const { cache, trustAuthenticData } = this.#parts;
    const reply = packForwarded(answer, answer.bytes, trustAuthenticData);
    cache.put(this.#request.cacheKey, reply, this.#begun);
    const outcome: Outcome = { reply, age: 0, source: 'upstream', upstream: answer.upstream };
    this.#deliver(this.#request, this.#asker, outcome);
    if (this.#others === undefined) return;
    for (const { request, asker } of this.#others) this.#deliver(request, asker, outcome);
    this.#others = undefined;
  }

  #deliver(request: Request, asker: Asker, outcome: Outcome): void {
    try {
      this.#parts.deliver(request, asker, outcome);
    } catch (error) {
      this.#parts.onBug(error);
    }
  }

  protected override left(): void {
    const { goOn } = this.#parts;
    goOn(this.#request, this.#asker, this);
    // They join the first.
    for (const { request, asker } of this.#others ?? []) goOn(request, asker, undefined);
    this.#others = undefined;
  }
}
