import { DenseSet } from '../../async/dense-set.ts';
import { UpstreamFailure } from '../errors.ts';
import type { UpstreamReply } from '../reply.ts';
import { formQuery } from '../request.ts';
import type { Transport, TransportQuery } from '../transport.ts';
import { TRY_MS } from '../upstream.ts';
import type { Closing, Connection, Loss } from './connection.ts';
import type { ConnectionPoolOptions } from './pool-options.ts';
import { PooledQuery, type QueryListener } from './pooled-query.ts';
import { ResponseTime } from './response-time.ts';
import { PooledSending, StraightOverPool, type StraightPool } from './straight-over-pool.ts';

/** A query fails when its losses add up to this. */
const MAX_LOSSES = 3;

/**
 * The loss of the oldest query on a connection that answered others before it closed: it may be the query that makes the
 * server close, and must not do so for ever.
 */
const SLIGHT_LOSS = 1 / 8;

/** Maximum number of connections to one server. */
const MAX_CONNECTIONS = 4;

/** After this many connections in a row that closed without a reply, all pending queries fail. */
const MAX_BARREN = 5;

/** A window of this many queries is no longer a limit. */
const MAX_WINDOW = 1024;

/**
 * The connections to one server. All queries share one connection, which is opened on demand and kept open for a while.
 *
 * - A server may close a connection at any time (RFC 7766 §6.2.4). Its pending queries are sent again on a new one. Sending
 *   a DNS query twice does no harm, so it does not matter how far the first one got.
 * - One query may be what makes the server close. After a connection that closed without any reply, the next one starts with
 *   a window of one query, which grows by one for each reply, so that other queries do not fail with it.
 * - If queries are pending and nothing is received for a few response times, the connection may be dead without notice (the
 *   machine slept, a NAT gateway dropped its state), or the server may have lost the queries. They are sent once more on
 *   a second connection, and the first reply counts.
 */
export class ConnectionPool<Reply> implements Transport, StraightPool<Reply> {
  readonly isLossy = false;
  readonly #options: ConnectionPoolOptions<Reply>;
  readonly #waiting = new DenseSet<PooledQuery<Reply>>();
  /** Those of `#waiting` that were not sent yet because the window is full. */
  readonly #held = new Set<PooledQuery<Reply>>();
  readonly #connections = new Set<Connection<Reply>>();
  /** The connection for new queries. */
  #current: Connection<Reply> | undefined;
  /** Maximum number of pending queries on one connection. */
  #window = Number.POSITIVE_INFINITY;
  /** Connections in a row that closed without a reply. */
  #barren = 0;
  readonly #responses = new ResponseTime();
  #isSendingHeld = false;
  #isClosed = false;
  /** See `Transport`. */
  readonly straight: StraightOverPool<Reply> | undefined;

  constructor(options: ConnectionPoolOptions<Reply>) {
    this.#options = options;
    const { octetsOf, padTo, clock } = options;
    if (octetsOf !== undefined) this.straight = new StraightOverPool(this, { octetsOf, padTo, clock });
  }

  /** See `Transport`. */
  exchange({ request, edns, observer, cancellation, begun }: TransportQuery): Promise<UpstreamReply> {
    const { clock, padTo, protocol, read } = this.#options;
    return new Promise((resolve, reject) => {
      if (cancellation.isCancelled) {
        reject(cancellation.reason);
        return;
      }
      const { questionEnd } = request;
      const resumed = edns && begun !== undefined ? this.straight?.resume(begun) : undefined;
      const sentAt = clock.now();
      const query =
        resumed?.pooled ??
        new PooledQuery(this, { message: formQuery(request, { id: 0, edns, padTo }), questionEnd, sentAt });
      const { message } = query;
      const fail = (reason: unknown): void => this.fail(query, reason);
      const end = (): void => {
        stopTimer();
        cancellation.unlisten(fail);
      };
      const stopTimer = clock.after(Math.max(0, query.sentAt + TRY_MS - sentAt), () =>
        fail(new UpstreamFailure('timed-out', `did not answer over ${protocol}`)),
      );
      cancellation.listen(fail);
      const listener: QueryListener<Reply> = {
        replied(reply) {
          end();
          try {
            const outcome = read(reply, { message, request });
            observer.heard();
            resolve(outcome);
          } catch (error) {
            reject(error);
          }
        },
        failed(reason) {
          end();
          reject(reason);
        },
      };
      if (resumed !== undefined) {
        resumed.handOver(listener);
        return;
      }
      query.listener = listener;
      this.#waiting.add(query);
      this.#send(query);
    });
  }

  /** See `QueryPool`. */
  answered(query: PooledQuery<Reply>, reply: Reply): void {
    query.carriers -= 1;
    this.forget(query);
    this.#measure(query, this.#options.clock.now() - query.sentAt);
    query.listener?.replied(reply);
    this.#sendHeld();
  }

  /** See `QueryPool`. */
  fail(query: PooledQuery<Reply>, reason: unknown): void {
    this.forget(query);
    query.listener?.failed(reason);
    this.#sendHeld();
  }

  /** See `QueryPool`. */
  forget(query: PooledQuery<Reply>): void {
    this.#waiting.delete(query);
    if (this.#held.size > 0) this.#held.delete(query);
    if (query.carriers > 0) for (const connection of this.#connections) connection.forget(query);
    query.carriers = 0;
  }

  /** See `Transport`. */
  quirks(): readonly string[] {
    return this.#options.quirks?.() ?? [];
  }

  /** See `Transport`. */
  reset(): void {
    const failure = new UpstreamFailure('reset', 'was reset because the network changed');
    this.#held.clear();
    for (const query of this.#waiting.items()) {
      if (query.listener instanceof PooledSending) query.listener.reset(failure);
      else this.fail(query, failure);
    }
    for (const connection of [...this.#connections]) connection.destroy(failure);
    this.#window = Number.POSITIVE_INFINITY;
    this.#barren = 0;
    this.#responses.forget();
    this.#options.forget?.();
  }

  /** See `Transport`. */
  close(): void {
    this.#isClosed = true;
    this.reset();
  }

  /** See `StraightPool`. */
  sendStraight(query: PooledQuery<Reply>): void {
    this.#fit().send(query);
    query.carriers = 1;
    this.#waiting.add(query);
  }

  /** See `StraightPool`. */
  get isUsual(): boolean {
    const current = this.#current;
    if (current === undefined || this.#held.size > 0 || this.#isClosed) return false;
    return current.isReady && isFit(current) && current.load < this.#window;
  }

  #send(query: PooledQuery<Reply>): void {
    if (this.#isClosed) {
      query.fail(new UpstreamFailure('reset', 'was closed'));
      return;
    }
    try {
      const connection = this.#fit();
      if (connection.load >= this.#window) {
        this.#held.add(query);
        return;
      }
      connection.send(query);
      query.carriers += 1;
    } catch (error) {
      if (!(error instanceof UpstreamFailure)) throw error;
      if (query.carriers === 0) query.fail(error);
    }
  }

  /** Sends held queries, as far as the window allows. */
  #sendHeld(): void {
    // A query that fails at once calls this again.
    if (this.#held.size === 0 || this.#isSendingHeld) return;
    this.#isSendingHeld = true;
    try {
      for (const query of this.#held) {
        const current = this.#current;
        if (current !== undefined && isFit(current) && current.load >= this.#window) break;
        this.#held.delete(query);
        this.#send(query);
        // Held again, when no other connection may be opened and the last one is silent and full. A set goes on to what is
        // added behind: without an end here it would go round for ever.
        if (this.#held.has(query)) break;
      }
    } finally {
      this.#isSendingHeld = false;
    }
  }

  /** A reply came. */
  #measure(query: PooledQuery<Reply>, ms: number): void {
    this.#barren = 0;
    this.#window = this.#window >= MAX_WINDOW ? Number.POSITIVE_INFINITY : this.#window + 1;
    // The reply to a query that was sent twice is ambiguous (Karn's algorithm, RFC 6298 §3).
    if (!query.isRepeated && query.losses === 0) this.#responses.measure(ms);
  }

  /** The best connection for new queries; opened if need be. @throws UpstreamFailure `no-sockets` */
  #fit(): Connection<Reply> {
    if (this.#current !== undefined && isFit(this.#current)) return this.#current;
    const open = [...this.#connections].filter(({ isOpen }) => isOpen);
    const mayOpen = open.length < MAX_CONNECTIONS && !this.#options.budget.isTight;
    const last = mayOpen ? undefined : open.at(-1);
    this.#current = open.find(isFit) ?? last ?? this.#open();
    return this.#current;
  }

  #open(): Connection<Reply> {
    const { budget } = this.#options;
    budget.take();
    const connection: Connection<Reply> = this.#options.open({
      patienceMs: () => this.#responses.patienceMs,
      lost: (query, loss) => this.#lost(query as PooledQuery<Reply>, loss),
      stalled: (waiting) => {
        for (const query of waiting as readonly PooledQuery<Reply>[]) this.#repeat(query);
      },
      closed: (closing) => {
        budget.give();
        this.#connections.delete(connection);
        this.#closed(closing);
      },
    });
    this.#connections.add(connection);
    return connection;
  }

  #repeat(query: PooledQuery<Reply>): void {
    if (query.isRepeated) return;
    query.isRepeated = true;
    this.#send(query);
  }

  #lost(query: PooledQuery<Reply>, { failure, weight }: Loss): void {
    query.carriers -= 1;
    query.losses += weight;
    this.#sendAgain(query, failure);
    this.#sendHeld();
  }

  #closed({ unanswered, wasReady, wasFruitful, failure }: Closing<Reply>): void {
    const left = unanswered as readonly PooledQuery<Reply>[];
    const isBarren = wasReady && !wasFruitful && left.length > 0;
    const weight = wasFruitful ? SLIGHT_LOSS : 1;
    for (const [index, query] of left.entries()) {
      query.carriers -= 1;
      if (isBarren || index === 0) query.losses += weight;
    }
    if (isBarren) this.#barren += weight;
    if (isBarren || (left.length > 0 && this.#window <= MAX_WINDOW)) this.#window = 1;
    if (!wasReady || this.#barren >= MAX_BARREN) this.#giveUp(left, failure);
    else for (const query of left) this.#sendAgain(query, failure);
    this.#sendHeld();
  }

  /** Nobody listens, or nobody answers: fails the queries that are pending on no other connection. */
  #giveUp(left: readonly PooledQuery<Reply>[], failure: UpstreamFailure): void {
    const hopeless = [...left, ...this.#held].filter(({ carriers }) => carriers === 0);
    this.#held.clear();
    for (const query of hopeless) query.fail(failure);
  }

  #sendAgain(query: PooledQuery<Reply>, failure: UpstreamFailure): void {
    // It is still pending on another connection.
    if (query.carriers > 0) return;
    if (query.losses >= MAX_LOSSES) query.fail(failure);
    // After those that were not sent yet: it may be the one that makes the server close.
    else if (this.#held.size > 0) this.#held.add(query);
    else this.#send(query);
  }
}

function isFit({ isOpen, isStalled }: Connection<unknown>): boolean {
  return isOpen && !isStalled;
}
