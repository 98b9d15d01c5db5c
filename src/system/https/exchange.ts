import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Http2ServerRequest, Http2ServerResponse } from 'node:http2';
import * as bounds from './bounds.ts';
import type { HttpsAnswer, HttpsRequest } from './server.ts';

/** A request of either version of HTTP, as Node has it. */
export type Incoming = IncomingMessage | Http2ServerRequest;
/** What it is answered through. */
export type Outgoing = ServerResponse | Http2ServerResponse;

/** RFC 9113 §7. */
const NO_ERROR = 0;

/** What a client is told of an internal error. */
export const internalError: HttpsAnswer = {
  status: 500,
  headers: { 'content-type': 'text/plain; charset=utf-8' },
  body: 'Internal error; see the log.\n',
};

/** What is said to a request whose body is not read to the end. */
const refusals = {
  408: 'The body did not come in time.\n',
  413: `A body has at most ${bounds.MAX_BODY} octets.\n`,
} as const;

/** The status of such an answer. */
export type Refusal = keyof typeof refusals;

/** A request as the handler sees it. */
export class ReadRequest implements HttpsRequest {
  readonly method: string;
  readonly target: string;
  readonly body: Uint8Array;
  readonly address: string;
  readonly #headers: Incoming['headers'];

  constructor(request: Incoming, body: Uint8Array, address: string) {
    this.method = request.method ?? '';
    this.target = request.url ?? '';
    this.body = body;
    this.address = address;
    this.#headers = request.headers;
  }

  /** See `HttpsRequest`. */
  header(name: string): string | undefined {
    const value = (name === 'host' ? this.#headers[':authority'] : undefined) ?? this.#headers[name];
    return typeof value === 'string' ? value : value?.join(', ');
  }
}

/** What a request came in: the session of HTTP/2, or the stream of HTTP/1.1; undefined when it is gone. */
export function carrierOf(request: Incoming): object | undefined {
  return 'stream' in request ? request.stream?.session : request.socket;
}

/** Whether a body follows, even an empty one. */
export function hasBody(request: Incoming): boolean {
  if ('stream' in request) return !request.stream.endAfterHeaders;
  const { headers } = request;
  return (
    headers['transfer-encoding'] !== undefined ||
    (headers['content-length'] !== undefined && headers['content-length'] !== '0')
  );
}

/** Sends an answer. @throws Error for a header that cannot be sent. */
export function write(response: Outgoing, { status, headers, body }: HttpsAnswer, isHead: boolean): void {
  const length = typeof body === 'string' ? Buffer.byteLength(body) : body.length;
  // The two declare the same function differently.
  const to = response as ServerResponse;
  to.writeHead(status, { ...headers, 'content-length': length });
  if (isHead || length === 0) to.end();
  else to.end(body);
}

/** Answers without having read the body, and ends what it comes in. */
export function refuseRest(request: Incoming, response: Outgoing, status: Refusal): void {
  if (response.destroyed || response.writableEnded) return;
  const text = refusals[status];
  const headers = { 'content-type': 'text/plain; charset=utf-8', 'content-length': Buffer.byteLength(text) };
  if ('stream' in request) {
    const { stream } = request;
    (response as Http2ServerResponse).writeHead(status, headers);
    // RFC 9113 §8.1: "requesting that the client abort transmission of a request without error by sending a RST_STREAM
    // with an error code of NO_ERROR after sending a complete response".
    (response as Http2ServerResponse).end(text, () => stream.close(NO_ERROR));
  } else {
    (response as ServerResponse).writeHead(status, { ...headers, connection: 'close' });
    (response as ServerResponse).end(text);
  }
}
