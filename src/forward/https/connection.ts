import type { ClientHttp2Session, ClientHttp2Stream } from 'node:http2';
import type { TLSSocket } from 'node:tls';
import type { Clock } from '../../async/clock.ts';
import { ErrorCode } from '../../system/https/http2/frames.ts';
import type { Connection, ConnectionListener } from '../connection/connection.ts';
import type { PendingQuery } from '../connection/pending-query.ts';
import { ConnectionTimer } from '../connection/timer.ts';
import { networkFailure, noHttp2, UpstreamFailure } from '../errors.ts';
import type { Quirk } from '../quirks/quirk.ts';
import { type HttpsOutcome, type HttpsReply, receiveReply } from './reply.ts';

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

/** Maximum length of the headers of a reply, in octets. */
const MAX_HEADERS_LENGTH = 16_384;

/** Memory limit of a session in MB: enough for a few thousand requests. */
const MAX_SESSION_MEMORY = 32;

const postHeaders = { ':method': 'POST', 'content-type': 'application/dns-message' };

/** One HTTP/2 session with one DNS over HTTPS server (RFC 8484 §5.2), with many queries. */
export class HttpsConnection implements Connection<HttpsReply> {
  readonly #options: HttpsConnectionOptions;
  readonly #headers: Record<string, string>;
  readonly #timer: ConnectionTimer;
  readonly #pending = new Map<PendingQuery<HttpsReply>, ClientHttp2Stream | undefined>();
  /** Queries whose streams ended because the session did, before its `close` event. */
  readonly #orphans = new Set<PendingQuery<HttpsReply>>();
  #session: ClientHttp2Session | undefined;
  #isAlive = true;
  /** The server accepts no further requests on this session. */
  #isLeaving = false;
  #isFruitful = false;
  #requests = 0;
  #failure: UpstreamFailure | undefined;

  constructor(options: HttpsConnectionOptions) {
    this.#options = options;
    const { socket, authority, path, clock, listener } = options;
    // RFC 8484 §8.2 warns of headers that distinguish clients, so there are no others.
    this.#headers = {
      ':scheme': 'https',
      ':authority': authority,
      ':path': path,
      accept: 'application/dns-message',
    };
    this.#timer = new ConnectionTimer({
      ...{ clock, idleMs: IDLE_MS, patienceMs: listener.patienceMs },
      expired: (failure) => this.destroy(failure),
      stalled: () => listener.stalled([...this.#pending.keys()]),
    });
    socket.once('secureConnect', () => this.#becomeReady());
    socket.on('error', (error) => this.#fail(error));
    socket.on('close', () => this.#close());
  }

  get isOpen(): boolean {
    if (!this.#isAlive || this.#isLeaving || this.#requests >= MAX_REQUESTS) return false;
    return this.#session === undefined || !(this.#session.closed || this.#session.destroyed);
  }

  get isReady(): boolean {
    return this.#session !== undefined && this.#pending.size < MAX_LOAD;
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
      this.#session.ref();
      this.#timer.busy();
    }
    this.#request(this.#session, query);
  }

  /** See `Connection`. */
  forget(query: PendingQuery<HttpsReply>): void {
    this.#orphans.delete(query);
    if (!this.#pending.has(query)) return;
    this.#pending.get(query)?.close(ErrorCode.CANCEL);
    this.#remove(query);
  }

  /** See `Connection`. */
  destroy(failure: UpstreamFailure): void {
    this.#failure ??= failure;
    this.#session?.destroy();
    this.#options.socket.destroy();
    this.#close();
  }

  #becomeReady(): void {
    const { socket, authority } = this.#options;
    // The server is not the intended one.
    if (socket.destroyed) return;
    // RFC 9113 §3.2: "Implementations of HTTP/2 over TLS MUST use protocol negotiation in TLS".
    if (socket.alpnProtocol !== 'h2') {
      this.destroy(new UpstreamFailure('unreachable', noHttp2));
      return;
    }
    const session = process.getBuiltinModule('node:http2').connect(`https://${authority}`, {
      createConnection: () => socket,
      maxSessionMemory: MAX_SESSION_MEMORY,
      settings: { enablePush: false, maxHeaderListSize: MAX_HEADERS_LENGTH },
    });
    this.#session = session;
    session.on('error', (error) => this.#fail(error));
    session.on('close', () => this.#close());
    // RFC 9113 §6.8: "Receivers of a GOAWAY frame MUST NOT open additional streams on the connection".
    session.on('goaway', () => {
      this.#isLeaving = true;
    });
    if (this.#pending.size === 0) this.#becomeIdle();
    else this.#timer.busy();
    for (const query of [...this.#pending.keys()]) this.#request(session, query);
  }

  #request(session: ClientHttp2Session, query: PendingQuery<HttpsReply>): void {
    const isGet = this.#options.refusesPost.isKnown;
    const { message } = query;
    let stream: ClientHttp2Stream;
    try {
      stream = isGet
        ? session.request({ ...this.#headers, ':method': 'GET', ':path': this.#getPath(message) })
        : session.request({ ...this.#headers, ...postHeaders, 'content-length': String(message.length) });
    } catch (error) {
      // The session has ended, and its events have not been emitted yet.
      this.#fail(error);
      this.#isLeaving = true;
      this.#lose(query);
      return;
    }
    this.#pending.set(query, stream);
    receiveReply(stream, (outcome) => {
      if (this.#pending.get(query) === stream) this.#ended(query, outcome, stream, isGet);
    });
    if (!isGet) stream.end(message);
  }

  /** RFC 8484 §4.1: "the single variable "dns" is defined as the content of the DNS request", in base64url (§6). */
  #getPath(message: Buffer): string {
    const { path } = this.#options;
    return `${path}${path.includes('?') ? '&' : '?'}dns=${message.toString('base64url')}`;
  }

  #ended(
    query: PendingQuery<HttpsReply>,
    outcome: HttpsOutcome,
    { rstCode }: ClientHttp2Stream,
    isGet: boolean,
  ): void {
    if (outcome === 'lost') {
      // The server did not process this POST (RFC 9113 §8.7), and the session goes on.
      const isRefusedPost = rstCode === ErrorCode.REFUSED_STREAM && !isGet && this.isOpen;
      if (isRefusedPost) this.#options.refusesPost.establish();
      this.#lose(query, isRefusedPost);
      return;
    }
    this.#timer.heard();
    this.#remove(query);
    if (outcome instanceof UpstreamFailure) {
      query.fail(outcome);
      return;
    }
    this.#isFruitful = true;
    query.answered(outcome);
  }

  /** The request has ended without an answer: with all others of this session, or alone. */
  #lose(query: PendingQuery<HttpsReply>, isRefusedPost = false): void {
    const isHeldAgainstIt = !isRefusedPost && (this.isOpen || !this.#isFruitful);
    this.#remove(query);
    if (this.#session?.destroyed === true || this.#options.socket.destroyed) {
      this.#orphans.add(query);
      return;
    }
    this.#options.listener.lost(query, { failure: this.#closingFailure, weight: isHeldAgainstIt ? 1 : 0 });
  }

  #remove(query: PendingQuery<HttpsReply>): void {
    this.#pending.delete(query);
    if (this.#pending.size === 0) this.#becomeIdle();
  }

  #becomeIdle(): void {
    if (this.#session === undefined || !this.#isAlive) return;
    this.#session.unref();
    this.#timer.idle(this.#isLeaving);
  }

  #fail(error: unknown): void {
    this.#failure ??= networkFailure(error);
  }

  get #closingFailure(): UpstreamFailure {
    return this.#failure ?? new UpstreamFailure('broken-connection', 'closed the connection');
  }

  #close(): void {
    if (!this.#isAlive) return;
    this.#isAlive = false;
    this.#timer.end();
    const unanswered = [...this.#orphans, ...this.#pending.keys()];
    this.#pending.clear();
    this.#orphans.clear();
    this.#options.listener.closed({
      ...{ unanswered, failure: this.#closingFailure },
      ...{ wasReady: this.#session !== undefined, wasFruitful: this.#isFruitful },
    });
  }
}
