import type { BegunQuery, StraightParty, StraightSending } from '../begun-query.ts';
import { formStraightQuery } from '../request.ts';
import type { StraightQuery } from '../straight/straight-query.ts';
import type { StraightLearner, StraightTransport } from '../transport.ts';
import type { ConnectionPoolOptions } from './pool-options.ts';
import { PooledQuery, type QueryListener, type QueryPool } from './pooled-query.ts';

/** The pool that the straight way goes over. */
export interface StraightPool<Reply> extends QueryPool<Reply> {
  /** There is a connection that nothing is unusual about, and that takes a query at once. */
  readonly isUsual: boolean;
  /** Sends a query on it. @throws UpstreamFailure */
  sendStraight(query: PooledQuery<Reply>): void;
}

type StraightOptions<Reply> = Pick<ConnectionPoolOptions<Reply>, 'clock' | 'padTo'> &
  Required<Pick<ConnectionPoolOptions<Reply>, 'octetsOf'>>;

/** The straight way over the connections of a pool, open while nothing is unusual about the one that is used. */
export class StraightOverPool<Reply> implements StraightTransport {
  readonly #pool: StraightPool<Reply>;
  readonly #options: StraightOptions<Reply>;
  readonly #isOwn = (sending: StraightSending): sending is PooledSending<Reply> =>
    sending instanceof PooledSending && sending.pooled.pool === this.#pool;

  constructor(pool: StraightPool<Reply>, options: StraightOptions<Reply>) {
    this.#pool = pool;
    this.#options = options;
  }

  /** See `StraightTransport`. */
  get isOpen(): boolean {
    return this.#pool.isUsual;
  }

  /** See `StraightTransport`. @throws UpstreamFailure */
  send(query: StraightQuery, party: StraightParty, upstream: StraightLearner): void {
    const { clock, padTo, octetsOf } = this.#options;
    const { request } = query;
    const message = formStraightQuery(request, { id: 0, padTo });
    const { questionEnd } = request;
    const pooled = new PooledQuery(this.#pool, { message, questionEnd, sentAt: clock.now() });
    const sending = new PooledSending(query, { party, upstream, pooled, octetsOf });
    pooled.listener = sending;
    this.#pool.sendStraight(pooled);
    query.sentOn(sending);
  }

  /** The query that the full way goes on with, if it was sent here. */
  resume(begun: BegunQuery): PooledSending<Reply> | undefined {
    return begun.resume(this.#isOwn);
  }
}

/** How a query of the straight way was sent over a connection. */
interface PooledSendingParts<Reply> {
  readonly party: StraightParty;
  readonly upstream: StraightLearner;
  readonly pooled: PooledQuery<Reply>;
  readonly octetsOf: NonNullable<ConnectionPoolOptions<Reply>['octetsOf']>;
}

/** A query of the straight way over connections. The pool does for it what it does for others, and nobody notices. */
export class PooledSending<Reply> implements StraightSending, QueryListener<Reply> {
  readonly query: StraightQuery;
  readonly #parts: PooledSendingParts<Reply>;
  /** What it ended with, for the full way. */
  #outcome: { readonly reply: Reply } | { readonly reason: unknown } | undefined;

  constructor(query: StraightQuery, parts: PooledSendingParts<Reply>) {
    this.query = query;
    this.#parts = parts;
  }

  /** See `StraightSending`. */
  get party(): StraightParty {
    return this.#parts.party;
  }

  get pooled(): PooledQuery<Reply> {
    return this.#parts.pooled;
  }

  /** See `StraightSending`. */
  get octets(): Uint8Array {
    return this.#parts.pooled.message;
  }

  /** See `QueryListener`. */
  replied(reply: Reply): void {
    const octets = this.#parts.octetsOf(reply, this.#parts.pooled);
    if (octets !== undefined && this.query.replied(octets)) return;
    this.#outcome = { reply };
    this.query.leave();
  }

  /** See `QueryListener`. */
  failed(reason: unknown): void {
    this.#outcome ??= { reason };
    this.query.leave();
  }

  /** See `StraightSending`. */
  answered(hasEdns: boolean, now: number): void {
    this.#parts.upstream.sawAnswer(hasEdns, now);
  }

  /** See `StraightSending`. */
  end(): void {
    const { pooled } = this.#parts;
    pooled.pool.forget(pooled);
  }

  /** What was sent is of no use any more: unless somebody restarts it before, it is asked anew. */
  reset(reason: unknown): void {
    this.end();
    this.#outcome ??= { reason };
    this.query.drop();
    queueMicrotask(() => this.query.restart());
  }

  /** An exchange goes on with it. */
  handOver(listener: QueryListener<Reply>): void {
    this.#parts.pooled.listener = listener;
    const outcome = this.#outcome;
    if (outcome === undefined) return;
    if ('reply' in outcome) listener.replied(outcome.reply);
    else listener.failed(outcome.reason);
  }
}
