import type { Clock } from '../../async/clock.ts';
import { UpstreamFailure } from '../errors.ts';
import type { UpstreamReply } from '../reply.ts';
import { formQuery, type UpstreamRequest } from '../request.ts';
import type { SocketBudget } from '../socket-budget.ts';
import type { Transport, TransportQuery } from '../transport.ts';
import { TRY_MS } from '../upstream.ts';
import type { Closing, Connection, ConnectionListener, Loss } from './connection.ts';
import type { PendingQuery } from './pending-query.ts';

/** A query on its way, and what the reply is read with. */
export interface AskedQuery {
  readonly message: Buffer;
  readonly request: UpstreamRequest;
}

export interface ConnectionPoolOptions<Reply> {
  /** What the messages call it: TCP, TLS, HTTPS. */
  readonly protocol: string;
  /** Begins a new connection. */
  readonly open: (listener: ConnectionListener<Reply>) => Connection<Reply>;
  /** Makes the outcome of a reply. @throws UpstreamFailure */
  readonly read: (reply: Reply, query: AskedQuery) => UpstreamReply;
  /** Queries are padded to multiples of so many octets; not padded without. */
  readonly padTo?: number;
  /** Told when the network changed: what connections keep for later ones is to be forgotten. */
  readonly forget?: () => void;
  /** See `Transport.quirks`. */
  readonly quirks?: () => readonly string[];
  readonly budget: SocketBudget;
  readonly clock: Clock;
}

/** A query fails when what its connections did to it weighs so much. */
const MAX_LOSSES = 3;

/**
 * What the end of a connection weighs for the query that waited longest, when others were answered: perhaps it is the one
 * that ends connections, and then there is an end to it.
 */
const SLIGHT_LOSS = 1 / 8;

/** Connections to one server at once; on further ones it would be as silent. */
const MAX_CONNECTIONS = 4;

/** After so many connections in a row that closed without any reply, nobody there answers. */
const MAX_BARREN = 5;

/** More queries than this on one connection are no window. */
const MAX_WINDOW = 1024;

/** How long nothing may come from a server while queries wait before another connection is tried, in ms. */
const FIRST_PATIENCE_MS = 500;
const MIN_PATIENCE_MS = 200;
const MAX_PATIENCE_MS = 1000;
/** The same in smoothed response times. */
const PATIENCE_FACTOR = 4;

/** Weight of the newest sample: RFC 6298 §2 takes 1/8 for round trips. */
const GAIN = 1 / 8;

/**
 * Asks over one connection at a time, opened when it is needed, shared by all queries and kept warm for a while.
 *
 * - A server may close at any time (RFC 7766 §6.2.4), and that loses no query: what it left unanswered is asked again on a
 *   new connection. A DNS query may be asked twice without harm, so it does not matter how far the first one got.
 * - One query may be what makes the server close. After a connection that closed without a single reply, the next one
 *   carries one query at first, and one more for each reply, so that the others do not share its fate.
 * - When queries wait and nothing comes for a few response times, the connection may be dead without anybody having been
 *   told (the machine slept, a gateway forgot it), or the server forgot what it read. The same queries are sent on a
 *   second connection as well, once, and the first reply counts.
 */
export class ConnectionPool<Reply> implements Transport {
  readonly isLossy = false;
  readonly #options: ConnectionPoolOptions<Reply>;
  readonly #waiting = new Set<PooledQuery<Reply>>();
  /** Those of `#waiting` that the window holds back. */
  readonly #held = new Set<PooledQuery<Reply>>();
  readonly #connections = new Set<Connection<Reply>>();
  /** The one for new queries while it is fit for them. */
  #current: Connection<Reply> | undefined;
  /** How many queries may wait on one connection. */
  #window = Number.POSITIVE_INFINITY;
  /** Connections in a row that gave no reply. */
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

  /** Sends what was held back, as far as the window allows now. */
  #sendHeld(): void {
    // One that fails at once ends here again.
    if (this.#held.size === 0 || this.#isSendingHeld) return;
    this.#isSendingHeld = true;
    for (const query of this.#held) {
      const current = this.#current;
      if (current !== undefined && isFit(current) && current.load >= this.#window) break;
      this.#held.delete(query);
      this.#send(query);
    }
    this.#isSendingHeld = false;
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
    // Of a query that was sent twice nobody knows which one was answered (Karn's algorithm, RFC 6298 §3).
    if (query.isRepeated || query.losses > 0) return;
    this.#responseMs =
      this.#responseMs === undefined ? ms : this.#responseMs + (ms - this.#responseMs) * GAIN;
  }

  #patienceMs(): number {
    if (this.#responseMs === undefined) return FIRST_PATIENCE_MS;
    return Math.min(Math.max(this.#responseMs * PATIENCE_FACTOR, MIN_PATIENCE_MS), MAX_PATIENCE_MS);
  }

  /** A connection for new queries: one that is fit for them if there can be one. @throws UpstreamFailure `no-sockets` */
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

  /** Nobody is there, or nobody who answers: another connection would not help those that wait on none. */
  #giveUp(left: readonly PooledQuery<Reply>[], failure: UpstreamFailure): void {
    const hopeless = [...left, ...this.#held].filter(({ carriers }) => carriers === 0);
    this.#held.clear();
    for (const query of hopeless) query.fail(failure);
  }

  #sendAgain(query: PooledQuery<Reply>, failure: UpstreamFailure): void {
    // It waits on another connection too.
    if (query.carriers > 0) return;
    if (query.losses >= MAX_LOSSES) query.fail(failure);
    // Behind those that were not sent yet: it may be the one that ends connections.
    else if (this.#held.size > 0) this.#held.add(query);
    else this.#send(query);
  }
}

function isFit({ isOpen, isStalled }: Connection<unknown>): boolean {
  return isOpen && !isStalled;
}

/** A query in a pool. */
interface PooledQuery<Reply> extends PendingQuery<Reply> {
  /** What its connections did to it: see `MAX_LOSSES`. */
  losses: number;
  /** Connections on which it waits. */
  carriers: number;
  /** It was sent on a second connection because the first was silent. */
  isRepeated: boolean;
}
