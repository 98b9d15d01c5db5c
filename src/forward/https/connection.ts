import { type ClientHttp2Session, type ClientHttp2Stream, connect, constants } from 'node:http2';
import type { TLSSocket } from 'node:tls';
import type { Clock } from '../../async/clock.ts';
import { networkFailure, UpstreamFailure } from '../errors.ts';
import { type HttpsOutcome, type HttpsReply, receiveReply } from './reply.ts';

/** One query that travels in a request, and perhaps in another one. */
export interface HttpsQuery {
  /** The message. */
  readonly body: Buffer;
  /** Requests that it was in and that ended for no good reason. */
  losses: number;
  readonly answered: (reply: HttpsReply) => void;
  /** The server's answer is no DNS reply. */
  readonly refused: (failure: UpstreamFailure) => void;
}

/** How a request ended that has no outcome. */
export interface HttpsLoss {
  readonly failure: UpstreamFailure;
  /** Another request can help: the server was there and was the right one. */
  readonly isWorthRetrying: boolean;
  /** The server did not want to begin with this POST (RFC 9113 §8.7), though it wants others. */
  readonly isRefusedPost: boolean;
  /** It is held against the server: its connection never gave an answer, or is still there. */
  readonly isSuspect: boolean;
}

export interface HttpsConnectionOptions {
  /** A socket of a `TlsClient` that is connecting, with ALPN `h2`. */
  readonly socket: TLSSocket;
  /** Host, and port unless it is 443. */
  readonly authority: string;
  /** Path of the URL. */
  readonly path: string;
  readonly clock: Clock;
  /** Whether to ask with GET rather than POST. */
  readonly prefersGet: () => boolean;
  readonly lost: (query: HttpsQuery, loss: HttpsLoss) => void;
  /** Told once, when the connection is gone, after all that it lost. */
  readonly died: () => void;
}

/** How long a connection may take to be established, in ms. */
const CONNECT_MS = 2000;

/** How long a session without queries is kept, in ms. */
const IDLE_MS = 60_000;

/**
 * A session that was silent for `QUIET_MS` before a query is pinged with it, and without an answer to either in
 * `STUCK_MS` it is taken to be dead: the machine slept, or a gateway forgot it.
 */
const QUIET_MS = 2000;
const STUCK_MS = 1000;

/** Requests that may wait on one session. */
const MAX_PENDING = 0x8000;

/** RFC 9113 §5.1.1: "Stream identifiers cannot be reused", and there are 2^30 for a client. */
const MAX_REQUESTS = 2 ** 29;

/** Headers of a reply, in octets: a DNS server has little to say in them. */
const MAX_HEADERS_LENGTH = 16_384;

/** What a session may hold in MB: a few thousand requests, with room. */
const MAX_SESSION_MEMORY = 32;

const postHeaders = { ':method': 'POST', 'content-type': 'application/dns-message' };

/** One HTTP/2 session with one DNS over HTTPS server (RFC 8484 §5.2) and many queries in it. */
export class HttpsConnection {
  readonly #options: HttpsConnectionOptions;
  readonly #headers: Record<string, string>;
  readonly #pending = new Map<HttpsQuery, ClientHttp2Stream | undefined>();
  #session: ClientHttp2Session | undefined;
  #isAlive = true;
  /** The server wants no further requests here. */
  #isLeaving = false;
  #isFruitful = false;
  #requests = 0;
  #failure: UpstreamFailure | undefined;
  #lastHeardAt = 0;
  #stopLifeTimer: () => void;
  #stopStuckTimer: (() => void) | undefined;

  constructor(options: HttpsConnectionOptions) {
    this.#options = options;
    const { socket, authority, path, clock } = options;
    // RFC 8484 §8.2 warns of headers that tell clients apart: these are all.
    this.#headers = {
      ':scheme': 'https',
      ':authority': authority,
      ':path': path,
      accept: 'application/dns-message',
    };
    this.#stopLifeTimer = clock.after(CONNECT_MS, () => {
      this.destroy(new UpstreamFailure('timed-out', 'did not accept a connection'));
    });
    socket.once('secureConnect', () => this.#becomeReady());
    socket.on('error', (error) => this.#fail(error));
    socket.on('close', () => this.#die());
  }

  /** Whether queries may be sent on it. */
  get isOpen(): boolean {
    if (!this.#isAlive || this.#isLeaving || this.#requests >= MAX_REQUESTS) return false;
    return this.#session === undefined || !(this.#session.closed || this.#session.destroyed);
  }

  /** Sends a query. @throws UpstreamFailure `overloaded` */
  send(query: HttpsQuery): void {
    if (this.#pending.size >= MAX_PENDING) {
      throw new UpstreamFailure('overloaded', 'does not keep up with what it is sent');
    }
    if (this.#pending.size === 0) this.#becomeBusy();
    this.#requests += 1;
    this.#pending.set(query, undefined);
    if (this.#session === undefined) return;
    if (this.#options.clock.now() - this.#lastHeardAt > QUIET_MS) this.#ping(this.#session);
    this.#request(this.#session, query);
  }

  /** No longer waits for this query's reply. */
  forget(query: HttpsQuery): void {
    if (!this.#pending.has(query)) return;
    this.#pending.get(query)?.close(constants.NGHTTP2_CANCEL);
    this.#remove(query);
  }

  /** Closes at once, for this reason. */
  destroy(failure: UpstreamFailure): void {
    this.#failure ??= failure;
    this.#session?.destroy();
    this.#options.socket.destroy();
    this.#die();
  }

  #becomeReady(): void {
    const { socket, authority, clock } = this.#options;
    // The server was not the one that was meant.
    if (socket.destroyed) return;
    // RFC 9113 §3.2: "Implementations of HTTP/2 over TLS MUST use protocol negotiation in TLS".
    if (socket.alpnProtocol !== 'h2') {
      this.destroy(new UpstreamFailure('unreachable', 'does not speak HTTP/2'));
      return;
    }
    this.#stopLifeTimer();
    this.#lastHeardAt = clock.now();
    const session = connect(`https://${authority}`, {
      createConnection: () => socket,
      maxSessionMemory: MAX_SESSION_MEMORY,
      settings: { enablePush: false, maxHeaderListSize: MAX_HEADERS_LENGTH },
    });
    this.#session = session;
    session.on('error', (error) => this.#fail(error));
    session.on('close', () => this.#die());
    // RFC 9113 §6.8: "Receivers of a GOAWAY frame MUST NOT open additional streams on the connection".
    session.on('goaway', () => {
      this.#isLeaving = true;
    });
    if (this.#pending.size === 0) this.#becomeIdle();
    for (const query of [...this.#pending.keys()]) this.#request(session, query);
  }

  #request(session: ClientHttp2Session, query: HttpsQuery): void {
    const isGet = this.#options.prefersGet();
    let stream: ClientHttp2Stream;
    try {
      stream = isGet
        ? session.request({ ...this.#headers, ':method': 'GET', ':path': this.#getPath(query) })
        : session.request({ ...this.#headers, ...postHeaders, 'content-length': String(query.body.length) });
    } catch (error) {
      // The session came to its end, and its events did not yet.
      this.#fail(error);
      this.#isLeaving = true;
      this.#remove(query);
      this.#lose(query, false);
      return;
    }
    this.#pending.set(query, stream);
    receiveReply(stream, (outcome) => {
      if (this.#pending.get(query) !== stream) return;
      const isRefused = stream.rstCode === constants.NGHTTP2_REFUSED_STREAM;
      this.#ended(query, outcome, isRefused && !isGet && this.isOpen);
    });
    if (!isGet) stream.end(query.body);
  }

  /** RFC 8484 §4.1: "the single variable "dns" is defined as the content of the DNS request", in base64url (§6). */
  #getPath({ body }: HttpsQuery): string {
    const { path } = this.#options;
    return `${path}${path.includes('?') ? '&' : '?'}dns=${body.toString('base64url')}`;
  }

  #ended(query: HttpsQuery, outcome: HttpsOutcome, isRefusedPost: boolean): void {
    this.#remove(query);
    if (outcome === 'lost') {
      this.#lose(query, isRefusedPost);
      return;
    }
    this.#heard();
    if (outcome instanceof UpstreamFailure) {
      query.refused(outcome);
      return;
    }
    this.#isFruitful = true;
    query.answered(outcome);
  }

  #lose(query: HttpsQuery, isRefusedPost: boolean): void {
    this.#options.lost(query, {
      failure: this.#failure ?? new UpstreamFailure('broken-connection', 'closed the connection'),
      isWorthRetrying: this.#session !== undefined,
      isRefusedPost,
      isSuspect: !isRefusedPost && (!this.#isFruitful || this.isOpen),
    });
  }

  #remove(query: HttpsQuery): void {
    this.#pending.delete(query);
    if (this.#pending.size === 0) this.#becomeIdle();
  }

  #heard(): void {
    this.#lastHeardAt = this.#options.clock.now();
    this.#stopStuckTimer?.();
    this.#stopStuckTimer = undefined;
  }

  #ping(session: ClientHttp2Session): void {
    if (this.#stopStuckTimer !== undefined) return;
    this.#stopStuckTimer = this.#options.clock.after(STUCK_MS, () => {
      this.destroy(new UpstreamFailure('timed-out', 'did not answer on a connection that had been idle'));
    });
    session.ping((error) => {
      if (error === null) this.#heard();
    });
  }

  #becomeBusy(): void {
    if (this.#session === undefined) return;
    this.#stopLifeTimer();
    this.#session.ref();
  }

  #becomeIdle(): void {
    if (this.#session === undefined || !this.#isAlive) return;
    this.#stopStuckTimer?.();
    this.#stopStuckTimer = undefined;
    this.#stopLifeTimer();
    this.#session.unref();
    const end = (): void => this.destroy(new UpstreamFailure('broken-connection', 'was idle'));
    this.#stopLifeTimer = this.#options.clock.after(this.#isLeaving ? 0 : IDLE_MS, end, true);
  }

  #fail(error: unknown): void {
    this.#failure ??= networkFailure(error);
  }

  #die(): void {
    if (!this.#isAlive) return;
    this.#isAlive = false;
    this.#stopLifeTimer();
    this.#stopStuckTimer?.();
    const left = [...this.#pending.keys()];
    this.#pending.clear();
    for (const query of left) this.#lose(query, false);
    this.#options.died();
  }
}
