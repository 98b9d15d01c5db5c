import type { Clock } from '../../async/clock.ts';
import { UpstreamFailure } from '../errors.ts';
import type { UpstreamReply } from '../reply.ts';
import { formQuery, type UpstreamRequest } from '../request.ts';
import type { SocketBudget } from '../socket-budget.ts';
import type { Transport, TransportQuery } from '../transport.ts';
import { TRY_MS } from '../upstream.ts';
import type { Closing, Connection, ConnectionListener, Loss } from './connection.ts';
import type { PendingQuery } from './pending-query.ts';

/** A query that was sent, for reading its reply. */
export interface AskedQuery {
  readonly message: Buffer;
  readonly request: UpstreamRequest;
}

export interface ConnectionPoolOptions<Reply> {
  /** Its name in messages: TCP, TLS, HTTPS. */
  readonly protocol: string;
  /** Opens a new connection. */
  readonly open: (listener: ConnectionListener<Reply>) => Connection<Reply>;
  /** Reads a reply. @throws UpstreamFailure */
  readonly read: (reply: Reply, query: AskedQuery) => UpstreamReply;
  /** Queries are padded to a multiple of this many octets; without it they are not padded. */
  readonly padTo?: number;
  /** Called when the network changed: forgets what connections keep for later ones. */
  readonly forget?: () => void;
  /** See `Transport.quirks`. */
  readonly quirks?: () => readonly string[];
  readonly budget: SocketBudget;
  readonly clock: Clock;
}

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

/** How long a connection may be silent while queries are pending before another one is tried, in ms. */
const FIRST_PATIENCE_MS = 500;
const MIN_PATIENCE_MS = 200;
const MAX_PATIENCE_MS = 1000;
/** The same as a multiple of the smoothed response time. */
const PATIENCE_FACTOR = 4;

/** Weight of the newest sample: RFC 6298 §2 takes 1/8 for round trips. */
const GAIN = 1 / 8;

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
export class ConnectionPool<Reply> implements Transport {
  readonly isLossy = false;
  readonly #options: ConnectionPoolOptions<Reply>;
  readonly #waiting = new Set<PooledQuery<Reply>>();
  /** Those of `#waiting` that were not sent yet because the window is full. */
  readonly #held = new Set<PooledQuery<Reply>>();
  readonly #connections = new Set<Connection<Reply>>();
  /** The connection for new queries. */
  #current: Connection<Reply> | undefined;
  /** Maximum number of pending queries on one connection. */
  #window = Number.POSITIVE_INFINITY;
  /** Connections in a row that closed without a reply. */
  #barren = 0;
  /** Smoothed time from query to reply, in ms; undefined before the first. */
  #responseMs: number | undefined;
  #isSendingHeld = false;
  #isClosed = false;

  constructor(options: ConnectionPoolOptions<Reply>) {
    this.#options = options;
  }

  /** See `Transport`. */
  exchange({ request, edns, observer, cancellation }: TransportQuery): Promise<UpstreamReply> {
    const { clock, padTo, protocol, read } = this.#options;
    return new Promise((resolve, reject) => {
      if (cancellation.isCancelled) {
        reject(cancellation.reason);
        return;
      }
      const end = (): void => {
        stopTimer();
        cancellation.unlisten(fail);
        this.#forget(query);
      };
      const fail = (reason: unknown): void => {
        end();
        reject(reason);
        this.#sendHeld();
      };
      const message = formQuery(request, { id: 0, edns, padTo });
      const sentAt = clock.now();
      const query: PooledQuery<Reply> = {
        ...{ message, questionEnd: request.questionEnd, losses: 0, carriers: 0, isRepeated: false },
        fail,
        answered: (reply) => {
          query.carriers -= 1;
          end();
          this.#measure(query, clock.now() - sentAt);
          try {
            const outcome = read(reply, { message, request });
            observer.heard();
            resolve(outcome);
          } catch (error) {
            reject(error);
          }
          this.#sendHeld();
        },
      };
      const stopTimer = clock.after(TRY_MS, () =>
        fail(new UpstreamFailure('timed-out', `did not answer over ${protocol}`)),
      );
      cancellation.listen(fail);
      this.#waiting.add(query);
      this.#send(query);
    });
  }

  /** See `Transport`. */
  quirks(): readonly string[] {
    return this.#options.quirks?.() ?? [];
  }

  /** See `Transport`. */
  reset(): void {
    const failure = new UpstreamFailure('reset', 'was reset because the network changed');
    this.#held.clear();
    for (const query of [...this.#waiting]) query.fail(failure);
    for (const connection of [...this.#connections]) connection.destroy(failure);
    this.#window = Number.POSITIVE_INFINITY;
    this.#barren = 0;
    this.#responseMs = undefined;
    this.#options.forget?.();
  }

  /** See `Transport`. */
  close(): void {
    this.#isClosed = true;
    this.reset();
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

  #forget(query: PooledQuery<Reply>): void {
    this.#waiting.delete(query);
    if (this.#held.size > 0) this.#held.delete(query);
    if (query.carriers > 0) for (const connection of this.#connections) connection.forget(query);
  }

  /** A reply came. */
  #measure(query: PooledQuery<Reply>, ms: number): void {
    this.#barren = 0;
    this.#window = this.#window >= MAX_WINDOW ? Number.POSITIVE_INFINITY : this.#window + 1;
    // The reply to a query that was sent twice is ambiguous (Karn's algorithm, RFC 6298 §3).
    if (query.isRepeated || query.losses > 0) return;
    this.#responseMs =
      this.#responseMs === undefined ? ms : this.#responseMs + (ms - this.#responseMs) * GAIN;
  }

  #patienceMs(): number {
    if (this.#responseMs === undefined) return FIRST_PATIENCE_MS;
    return Math.min(Math.max(this.#responseMs * PATIENCE_FACTOR, MIN_PATIENCE_MS), MAX_PATIENCE_MS);
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
      patienceMs: () => this.#patienceMs(),
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

/** A query in a pool. */
interface PooledQuery<Reply> extends PendingQuery<Reply> {
  /** The sum of its losses: see `MAX_LOSSES`. */
  losses: number;
  /** Number of connections on which it is pending. */
  carriers: number;
  /** It was sent on a second connection because the first was silent. */
  isRepeated: boolean;
}
