import type { DenseSetItem } from '../../async/dense-set.ts';
import type { PendingQuery } from './pending-query.ts';

/** Who asks a query of a pool. One of these is called, once. */
export interface QueryListener<Reply> {
  /** What a connection received for it. */
  replied(reply: Reply): void;
  /** It is not answered, or given up. */
  failed(reason: unknown): void;
}

/** The pool that a query is in. */
export interface QueryPool<Reply> {
  /** Something was received for a query, which is then pending on no connection that it was received on. */
  answered(query: PooledQuery<Reply>, reply: Reply): void;
  /** Gives a query up. */
  fail(query: PooledQuery<Reply>, reason: unknown): void;
  /** Nobody waits for a query any more. */
  forget(query: PooledQuery<Reply>): void;
}

/** A query in a pool of connections, whichever of them it is pending on. */
export class PooledQuery<Reply> implements PendingQuery<Reply>, DenseSetItem {
  denseIndex = -1;
  readonly message: Buffer;
  readonly questionEnd: number;
  /** By the clock of the pool. */
  readonly sentAt: number;
  readonly pool: QueryPool<Reply>;
  listener: QueryListener<Reply> | undefined;
  /** The sum of its losses: see `MAX_LOSSES`. */
  losses = 0;
  /** Number of connections on which it is pending. */
  carriers = 0;
  /** It was sent on a second connection because the first was silent. */
  isRepeated = false;

  constructor(
    pool: QueryPool<Reply>,
    { message, questionEnd, sentAt }: Pick<PooledQuery<Reply>, 'message' | 'questionEnd' | 'sentAt'>,
  ) {
    this.pool = pool;
    this.message = message;
    this.questionEnd = questionEnd;
    this.sentAt = sentAt;
  }

  /** See `PendingQuery`. */
  answered(reply: Reply): void {
    this.pool.answered(this, reply);
  }

  /** See `PendingQuery`. */
  fail(reason: unknown): void {
    this.pool.fail(this, reason);
  }
}
