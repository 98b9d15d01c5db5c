import { acceptsHost, type Ipv4, type NetworkKind, parseIpv4 } from '../addresses.ts';
import type { NodeAddress } from '../dht-node.ts';
import { wordAt } from '../wire/compact-nodes.ts';
import { decodeDatagram, type MalformedReason } from '../wire/krpc-decode.ts';
import { encodeError, encodeReply, type OutgoingQuery, TRANSACTION_LENGTH } from '../wire/krpc-encode.ts';
import type { ErrorMessage, QueryMessage, ReplyMessage } from '../wire/krpc-message.ts';
import type { RandomBytes } from '../wire/node-id.ts';
import { Counter } from './counter.ts';
import type { Datagrams, OpenDatagrams } from './datagrams.ts';

/** How a query to another node ended. */
export type AskOutcome =
  | { readonly kind: 'reply'; readonly reply: ReplyMessage; readonly roundTripMs: number }
  | { readonly kind: 'refused'; readonly code: number }
  /** It answered, but not with a valid KRPC message. */
  | { readonly kind: 'malformed' }
  /** It did not answer in time. `network`: whether any other node answered meanwhile; if not, the cause may be our network. */
  | { readonly kind: 'silent'; readonly network: 'heard' | 'unheard' }
  | { readonly kind: 'not-sent'; readonly errorCode: string }
  | { readonly kind: 'closed' };

/**
 * Why a datagram was dropped, unless it is malformed. A closed list.
 *
 * - `unknown-transaction`: an answer without an open query. - `wrong-sender`: the query was sent to another host or port.
 * - `foreign-address`: the sender has an address that cannot exist on this network.
 * - `not-serving`: a query, and we do not serve. - `rate-limited`: a query over the limit of its sender or of our bandwidth.
 */
export type DropReason =
  | MalformedReason
  | 'unknown-transaction'
  | 'wrong-sender'
  | 'foreign-address'
  | 'not-serving'
  | 'rate-limited';

/** Handles queries of other nodes while we serve. */
export interface QueryHandler {
  /** A valid query. */
  onQuery(query: QueryMessage, from: NodeAddress): void;
  /** A query with an invalid field. It is answered with an error that has the same transaction id. */
  onMalformedQuery(transaction: Uint8Array, from: NodeAddress): void;
}

/** Is told of the hosts that are queried, and of those whose queries arrive. */
export interface QueryWatcher {
  /** A query is sent to `host`. */
  asked(host: Ipv4): void;
  /** A valid query of `host` arrived, whether it is answered or not. */
  received(host: Ipv4): void;
}

/** Options and environment of a KRPC socket. */
export interface KrpcSocketOptions {
  readonly network: NetworkKind;
  /** Timeout of a query in milliseconds. */
  readonly timeoutMs: number;
  readonly randomBytes: RandomBytes;
  /** Milliseconds of a monotonic clock. */
  readonly now: () => number;
  /** Called with an exception thrown by a callback of the caller. It must not become an uncaught exception. */
  readonly onFault: (error: unknown) => void;
}

/** Maximum number of open queries; more are not sent. That allows two thousand a second, far more than lookups need. */
const MAX_PENDING = 4096;
/** Random bytes are drawn many at a time, because each draw is a system call. */
const RANDOM_POOL_LENGTH = 1024;

interface Pending {
  readonly to: NodeAddress;
  readonly sentAt: number;
  readonly settle: (outcome: AskOutcome) => void;
}

/**
 * Queries and answers of KRPC (BEP 5) on one UDP socket. No datagram can make it throw. An answer is accepted only if it has
 * the unpredictable transaction id of an open query and comes from the host and port that were queried.
 */
export class KrpcSocket {
  /** Datagrams received and dropped. */
  readonly dropped = new Counter<DropReason>();
  /** Datagrams that could not be sent, by system error code. */
  readonly sendErrors = new Counter<string>();
  /** Counts of our queries and their outcomes, and of queries received and answers sent. */
  readonly traffic = new Counter<'sent' | 'answered' | 'refused' | 'silent' | 'received' | 'served'>();
  readonly #options: KrpcSocketOptions;
  /** By transaction id. In the order of sending, which is that of their timeouts. */
  readonly #pending = new Map<number, Pending>();
  /** One timer for all of them: most are answered, and would end their own. Runs on until none was open when it ended. */
  #timer: NodeJS.Timeout | undefined;
  /** The system error code of the last query, if it could not be sent. */
  #unsent: string | undefined;
  #datagrams: Datagrams | undefined;
  #handler: QueryHandler | undefined;
  #watcher: QueryWatcher | undefined;
  #onReply: ((reply: ReplyMessage, from: NodeAddress) => void) | undefined;
  #onUnanswered: (() => void) | undefined;
  #heardAt = Number.NEGATIVE_INFINITY;
  #unanswered = 0;
  #closed = false;
  #random = Buffer.alloc(0);
  #randomAt = 0;

  /** Does not open the socket: see {@link bind}. */
  constructor(options: KrpcSocketOptions) {
    this.#options = options;
  }

  /** Binds the port. Rejects with MainlineError of kind `bind-failed`. */
  async bind(open: OpenDatagrams, host: string, port: number): Promise<void> {
    this.#datagrams = await open({
      host,
      port,
      onDatagram: (datagram, from) => this.#guard(() => this.#receive(datagram, from)),
      onError: (errorCode) => this.sendErrors.add(errorCode),
    });
  }

  /** The system error code while queries cannot be sent; undefined before the first, and once one was. */
  get unsent(): string | undefined {
    return this.#unsent;
  }

  /** Milliseconds since a query was answered, also with an error; undefined before the first answer. */
  get heardMs(): number | undefined {
    return Number.isFinite(this.#heardAt) ? this.#options.now() - this.#heardAt : undefined;
  }

  /** Queries since the last answer that were not answered in time or could not be sent. */
  get unanswered(): number {
    return this.#unanswered;
  }

  /** The bound port, 0 before {@link bind}. */
  get port(): number {
    return this.#datagrams?.port ?? 0;
  }

  /** Passes queries of others to `handler`. Without one they are dropped, and our own have the read-only flag (BEP 43). */
  serveWith(handler: QueryHandler | undefined): void {
    this.#handler = handler;
  }

  /** Calls `watcher` for each query sent or received from now on. */
  watchQueries(watcher: QueryWatcher): void {
    this.#watcher = watcher;
  }

  /** Calls `listener` with each reply to one of our queries, after the query was settled. */
  listenToReplies(listener: (reply: ReplyMessage, from: NodeAddress) => void): void {
    this.#onReply = listener;
  }

  /** Calls `listener` whenever {@link unanswered} has grown. */
  listenToSilence(listener: () => void): void {
    this.#onUnanswered = listener;
  }

  /**
   * Sends a query. Calls `settle` exactly once, asynchronously; or never, if the returned function is called first.
   */
  ask(to: NodeAddress, query: OutgoingQuery, settle: (outcome: AskOutcome) => void): () => void {
    const datagrams = this.#datagrams;
    if (this.#closed || datagrams === undefined) return this.#settleLater(settle, { kind: 'closed' });
    if (this.#pending.size >= MAX_PENDING) {
      return this.#settleLater(settle, { kind: 'not-sent', errorCode: 'TOO_MANY_QUERIES' });
    }
    const address = parseIpv4(to.host);
    if (this.#options.network === 'test' && (address === undefined || !acceptsHost('test', address))) {
      // Wherever the address comes from: a test network sends nothing to other machines.
      return this.#settleLater(settle, { kind: 'not-sent', errorCode: 'NOT_LOOPBACK' });
    }
    const id = this.#unusedTransaction();
    this.#pending.set(id, { to, sentAt: this.#options.now(), settle });
    this.#timer ??= setTimeout(() => this.#timeOut(), this.#options.timeoutMs);
    this.traffic.add('sent');
    if (address !== undefined) this.#watcher?.asked(address);
    datagrams.send(query.encode(id, this.#handler === undefined), to, (errorCode) => {
      this.#unsent = errorCode;
      if (errorCode === undefined) return;
      this.sendErrors.add(errorCode);
      this.#settle(id, { kind: 'not-sent', errorCode });
      this.#noteUnanswered();
    });
    return () => this.#take(id);
  }

  /** Answers a query. @returns the length of the answer in bytes. */
  reply(to: NodeAddress, transaction: Uint8Array, r: Parameters<typeof encodeReply>[1]): number {
    return this.#answer(to, encodeReply(transaction, r, to));
  }

  /** Refuses a query, with an error code of BEP 5 or BEP 44. @returns the length of the answer in bytes. */
  refuse(to: NodeAddress, transaction: Uint8Array, code: number, message: string): number {
    return this.#answer(to, encodeError(transaction, code, message, to));
  }

  /** Settles open queries as `closed` and frees the port. */
  async close(): Promise<void> {
    this.#closed = true;
    clearTimeout(this.#timer);
    for (const id of [...this.#pending.keys()]) this.#settle(id, { kind: 'closed' });
    await this.#datagrams?.close();
  }

  #receive(datagram: Uint8Array, from: NodeAddress): void {
    if (this.#closed) return;
    const sender = parseIpv4(from.host);
    if (sender === undefined || from.port === 0) {
      this.dropped.add('foreign-address');
      return;
    }
    const decoded = decodeDatagram(datagram, this.#options.network);
    if (decoded.kind === 'malformed') {
      this.dropped.add(decoded.reason);
      if (decoded.claim?.type === 'query') this.#handler?.onMalformedQuery(decoded.claim.transaction, from);
      if (decoded.claim?.type === 'answer') this.#receiveMalformedAnswer(decoded.claim.transaction, from);
      return;
    }
    const { message } = decoded;
    if (message.kind !== 'query') {
      this.#receiveAnswer(message, from);
      return;
    }
    if (!acceptsHost(this.#options.network, sender)) {
      this.dropped.add('foreign-address');
      return;
    }
    this.traffic.add('received');
    this.#watcher?.received(sender);
    // BEP 43: the read-only node "no longer responds to 'query' messages that it receives".
    if (this.#handler === undefined) {
      this.dropped.add('not-serving');
      return;
    }
    this.#handler.onQuery(message, from);
  }

  #receiveAnswer(answer: ReplyMessage | ErrorMessage, from: NodeAddress): void {
    const id = this.#matching(answer.transaction, from);
    if (typeof id === 'string') {
      this.dropped.add(id);
      return;
    }
    const now = this.#options.now();
    const roundTripMs = now - (this.#pending.get(id)?.sentAt ?? now);
    this.#heardAt = now;
    this.#unanswered = 0;
    if (answer.kind === 'error') {
      this.traffic.add('refused');
      this.#settle(id, { kind: 'refused', code: answer.code });
      return;
    }
    this.traffic.add('answered');
    this.#settle(id, { kind: 'reply', reply: answer, roundTripMs });
    this.#onReply?.(answer, from);
  }

  #receiveMalformedAnswer(transaction: Uint8Array, from: NodeAddress): void {
    const id = this.#matching(transaction, from);
    if (typeof id === 'number') this.#settle(id, { kind: 'malformed' });
  }

  /** The id of the open query that an answer belongs to, or why there is none. */
  #matching(transaction: Uint8Array, from: NodeAddress): number | 'unknown-transaction' | 'wrong-sender' {
    if (transaction.length !== TRANSACTION_LENGTH) return 'unknown-transaction';
    const id = wordAt(transaction, 0);
    const pending = this.#pending.get(id);
    if (pending === undefined) return 'unknown-transaction';
    return pending.to.host === from.host && pending.to.port === from.port ? id : 'wrong-sender';
  }

  /** Ends the queries whose time is up. */
  #timeOut(): void {
    const { now, timeoutMs } = this.#options;
    const before = now() - timeoutMs;
    for (const [id, { sentAt }] of this.#pending) {
      if (sentAt > before) {
        this.#timer = setTimeout(() => this.#timeOut(), Math.ceil(sentAt - before));
        return;
      }
      this.traffic.add('silent');
      this.#settle(id, { kind: 'silent', network: this.#heardAt > sentAt ? 'heard' : 'unheard' });
      this.#noteUnanswered();
    }
    this.#timer = undefined;
  }

  #noteUnanswered(): void {
    this.#unanswered++;
    this.#guard(() => this.#onUnanswered?.());
  }

  #settle(id: number, outcome: AskOutcome): void {
    const pending = this.#take(id);
    if (pending !== undefined) this.#guard(() => pending.settle(outcome));
  }

  #settleLater(settle: (outcome: AskOutcome) => void, outcome: AskOutcome): () => void {
    const immediate = setImmediate(() => this.#guard(() => settle(outcome)));
    return () => clearImmediate(immediate);
  }

  #take(id: number): Pending | undefined {
    const pending = this.#pending.get(id);
    if (pending === undefined) return undefined;
    this.#pending.delete(id);
    return pending;
  }

  #unusedTransaction(): number {
    for (;;) {
      if (this.#randomAt + TRANSACTION_LENGTH > this.#random.length) {
        this.#random = Buffer.from(this.#options.randomBytes(RANDOM_POOL_LENGTH));
        this.#randomAt = 0;
      }
      const id = this.#random.readInt32BE(this.#randomAt);
      this.#randomAt += TRANSACTION_LENGTH;
      if (!this.#pending.has(id)) return id;
    }
  }

  #answer(to: NodeAddress, datagram: Uint8Array): number {
    if (this.#closed || this.#datagrams === undefined) return 0;
    this.traffic.add('served');
    this.#datagrams.send(datagram, to, (errorCode) => {
      if (errorCode !== undefined) this.sendErrors.add(errorCode);
    });
    return datagram.length;
  }

  #guard(work: () => void): void {
    try {
      work();
    } catch (error) {
      this.#options.onFault(error);
    }
  }
}
