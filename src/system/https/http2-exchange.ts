import type { IncomingHttpHeaders, ServerHttp2Stream } from 'node:http2';
import { type Exchange, ignore, lengthOf, nothing, type Refusal, refusals } from './exchange.ts';
import type { HttpsAnswer } from './server.ts';

/** RFC 9113 §7. */
const NO_ERROR = 0;

/**
 * A request of HTTP/2: a stream of its session. Node's `Http2ServerRequest` and `Http2ServerResponse` around it would cost half as
 * much again, mostly for collecting them, and end each answer with a frame of its own for trailers.
 */
export class Http2Exchange implements Exchange {
  readonly method: string;
  readonly target: string;
  readonly address: string;
  readonly source: ServerHttp2Stream;
  body: Uint8Array = nothing;
  #headers: IncomingHttpHeaders;

  constructor(stream: ServerHttp2Stream, headers: IncomingHttpHeaders, address: string) {
    stream.on('error', ignore);
    this.method = headers[':method'] ?? '';
    this.target = headers[':path'] ?? '';
    this.address = address;
    this.source = stream;
    this.#headers = headers;
  }

  /** See `HttpsRequest`. */
  header(name: string): string | undefined {
    const value = (name === 'host' ? this.#headers[':authority'] : undefined) ?? this.#headers[name];
    return typeof value === 'string' ? value : value?.join(', ');
  }

  /** See `Exchange`. RFC 9113 §8.1.1: a body of another length is malformed; nghttp2 resets its stream. */
  get declaredLength(): number | undefined {
    if (this.source.endAfterHeaders) return 0;
    const length = this.#headers['content-length'];
    return length === undefined ? undefined : Number(length);
  }

  /** See `Exchange`. The stream of HEAD cannot be written to from the start. */
  get isOver(): boolean {
    return this.source.destroyed || this.source.closed || this.source.headersSent;
  }

  /** See `Exchange`. */
  send(answer: HttpsAnswer): void {
    const length = lengthOf(answer);
    const isEmpty = length === 0 || this.method === 'HEAD';
    const headers = { ':status': answer.status, ...answer.headers, 'content-length': length };
    this.source.respond(headers, isEmpty ? endStream : undefined);
    if (!isEmpty) this.source.end(answer.body);
    // The stream lives on for a while, and what listens to it has this exchange.
    this.body = nothing;
    this.#headers = none;
  }

  /**
   * See `Exchange`. RFC 9113 §8.1: "requesting that the client abort transmission of a request without error by sending a RST_STREAM
   * with an error code of NO_ERROR after sending a complete response".
   */
  refuse(status: Refusal): void {
    if (this.isOver) return;
    const text = refusals[status];
    const headers = { 'content-type': 'text/plain; charset=utf-8', 'content-length': text.length };
    this.source.respond({ ':status': status, ...headers });
    this.source.end(text, () => this.source.close(NO_ERROR));
  }

  /** See `Exchange`. */
  onceClosed(listener: () => void): void {
    this.source.once('close', listener);
  }
}

const none: IncomingHttpHeaders = {};
const endStream = { endStream: true } as const;
