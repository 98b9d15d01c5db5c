import type { TLSSocket } from 'node:tls';
import type { Clock } from '../../async/clock.ts';
import { ErrorCode } from '../../system/https/http2/frames.ts';
import type { Connection, ConnectionListener } from '../connection/connection.ts';
import type { PendingQuery } from '../connection/pending-query.ts';
import { ConnectionTimer } from '../connection/timer.ts';
import { networkFailure, noHttp2, UpstreamFailure } from '../errors.ts';
import type { Quirk } from '../quirks/quirk.ts';
import type { HttpsReply } from './reply-head.ts';
import { RequestHeads } from './request-heads.ts';
import { ClientSession } from './session.ts';
import { HttpsStream } from './stream.ts';

export interface HttpsConnectionOptions {
  /** A socket of a `TlsClient` that is connecting, with ALPN `h2`. */
  readonly socket: TLSSocket;
  /** Host, and port unless it is 443. */
  readonly authority: string;
  /** Path of the URL. */
  readonly path: string;
  readonly clock: Clock;
  /** Whether to use GET instead of POST; established here. */
  readonly refusesPost: Quirk;
  readonly listener: ConnectionListener<HttpsReply>;
}

/** How long a session is kept without pending queries, in ms. */
const IDLE_MS = 60_000;

/** Maximum number of pending requests. */
const MAX_LOAD = 0x8000;

/** RFC 9113 §5.1.1: "Stream identifiers cannot be reused", and there are 2^30 for a client. */
const MAX_REQUESTS = 2 ** 29;

/** One HTTP/2 session with one DNS over HTTPS server (RFC 8484 §5.2), with many queries. */
export class HttpsConnection implements Connection<HttpsReply> {
  readonly #options: HttpsConnectionOptions;
  readonly #heads: RequestHeads;
  readonly #timer: ConnectionTimer;
  readonly #pending = new Map<PendingQuery<HttpsReply>, HttpsStream | undefined>();
  #session: ClientSession | undefined;
  #isAlive = true;
  /** The server accepts no further requests on this session. */
  #isLeaving = false;
  #isFruitful = false;
  #requests = 0;
  #failure: UpstreamFailure | undefined;

  constructor(options: HttpsConnectionOptions) {
    this.#options = options;
    const { socket, clock, listener } = options;
    this.#heads = new RequestHeads(options);
    this.#timer = new ConnectionTimer({
      ...{ clock, idleMs: IDLE_MS, patienceMs: listener.patienceMs },
      expired: (failure) => this.destroy(failure),
      stalled: () => listener.stalled([...this.#pending.keys()]),
    });
    socket.once('secureConnect', () => this.#becomeReady());
    socket.on('error', (error) => {
      this.#failure ??= networkFailure(error);
    });
    socket.on('end', () => this.destroy(closedIt()));
    socket.on('close', () => this.#close());
  }

  get isOpen(): boolean {
    return this.#isAlive && !this.#isLeaving && this.#requests < MAX_REQUESTS;
  }

  get isReady(): boolean {
    return this.#session?.takesMore === true && this.#pending.size < MAX_LOAD;
  }

  get isStalled(): boolean {
    return this.#timer.isStalled;
  }

  get load(): number {
    return this.#pending.size;
  }

  /** Sends a query. @throws UpstreamFailure `overloaded` */
  send(query: PendingQuery<HttpsReply>): void {
    if (this.#pending.size >= MAX_LOAD) {
      throw new UpstreamFailure('overloaded', 'is too slow: too many queries are waiting for it');
    }
    this.#requests += 1;
    this.#pending.set(query, undefined);
    if (this.#session === undefined) return;
    if (this.#pending.size === 1) {
      this.#options.socket.ref();
      this.#timer.busy();
    }
    this.#request(this.#session, query);
  }

  /** See `Connection`. */
  forget(query: PendingQuery<HttpsReply>): void {
    const stream = this.#pending.get(query);
    if (stream !== undefined) this.#session?.cancel(stream);
    else if (!this.#pending.has(query)) return;
    this.#remove(query);
  }

  /** See `Connection`. */
  destroy(failure: UpstreamFailure): void {
    this.#failure ??= failure;
    this.#options.socket.destroy();
    this.#close();
  }

  #becomeReady(): void {
    const { socket } = this.#options;
    // The server is not the intended one.
    if (socket.destroyed) return;
    // RFC 9113 §3.2: "Implementations of HTTP/2 over TLS MUST use protocol negotiation in TLS".
    if (socket.alpnProtocol !== 'h2') {
      this.destroy(new UpstreamFailure('unreachable', noHttp2));
      return;
    }
    const session = new ClientSession(socket, {
      ended: (stream, code) => this.#ended(stream, code),
      leaving: (code) => {
        this.#isLeaving = true;
        if (code !== ErrorCode.NO_ERROR)
          this.destroy(
            new UpstreamFailure('broken-connection', `ended the session (error ${code} of HTTP/2)`),
          );
        else if (this.#pending.size === 0) this.#becomeIdle();
      },
      broken: ({ message }) =>
        this.destroy(new UpstreamFailure('broken-connection', `broke the rules of HTTP/2 (${message})`)),
    });
    this.#session = session;
    if (this.#pending.size === 0) this.#becomeIdle();
    else this.#timer.busy();
    for (const query of [...this.#pending.keys()]) this.#request(session, query);
  }

  #request(session: ClientSession, query: PendingQuery<HttpsReply>): void {
    const isGet = this.#options.refusesPost.isKnown;
    const { message } = query;
    const head = isGet ? this.#heads.get(message) : this.#heads.post(message.length);
    const stream = new HttpsStream(query, { isGet, head, body: isGet ? nothing : message });
    this.#pending.set(query, stream);
    session.request(stream);
  }

  #ended(stream: HttpsStream, code: number): void {
    const { query, refusal } = stream;
    if (this.#pending.get(query) !== stream) return;
    if (!stream.isWhole && refusal === undefined) {
      // The server did not process this POST (RFC 9113 §8.7), and the session goes on.
      const isRefusedPost = code === ErrorCode.REFUSED_STREAM && !stream.isGet && this.isOpen;
      if (isRefusedPost) this.#options.refusesPost.establish();
      this.#lose(query, isRefusedPost);
      return;
    }
    this.#timer.heard();
    this.#remove(query);
    if (refusal !== undefined) {
      query.fail(new UpstreamFailure('malformed', refusal));
      return;
    }
    this.#isFruitful = true;
    query.answered(stream.reply);
  }

  /** The request has ended without an answer, and the session goes on. */
  #lose(query: PendingQuery<HttpsReply>, isRefusedPost: boolean): void {
    const isHeldAgainstIt = !isRefusedPost && (this.isOpen || !this.#isFruitful);
    this.#remove(query);
    this.#options.listener.lost(query, { failure: this.#closingFailure, weight: isHeldAgainstIt ? 1 : 0 });
  }

  #remove(query: PendingQuery<HttpsReply>): void {
    this.#pending.delete(query);
    if (this.#pending.size === 0) this.#becomeIdle();
  }

  #becomeIdle(): void {
    if (this.#session === undefined || !this.#isAlive) return;
    this.#options.socket.unref();
    this.#timer.idle(this.#isLeaving);
  }

  get #closingFailure(): UpstreamFailure {
    return this.#failure ?? closedIt();
  }

  #close(): void {
    if (!this.#isAlive) return;
    this.#isAlive = false;
    this.#timer.end();
    this.#session?.end();
    const unanswered = [...this.#pending.keys()];
    this.#pending.clear();
    this.#options.listener.closed({
      ...{ unanswered, failure: this.#closingFailure },
      ...{ wasReady: this.#session !== undefined, wasFruitful: this.#isFruitful },
    });
  }
}

const nothing = new Uint8Array();

function closedIt(): UpstreamFailure {
  return new UpstreamFailure('broken-connection', 'closed the connection');
}
