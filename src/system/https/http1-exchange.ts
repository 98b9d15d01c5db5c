import type { IncomingMessage, ServerResponse } from 'node:http';
import { toOriginForm } from './origin-form.ts';
import {
  type BodyReader,
  type Exchange,
  ignore,
  lengthOf,
  nothing,
  type Refusal,
  refusals,
} from './shared/exchange.ts';
import type { HttpsAnswer } from './shared/server.ts';

/** A request of HTTP/1.1. */
export class Http1Exchange implements Exchange {
  readonly method: string;
  readonly target: string;
  readonly address: string;
  body: Uint8Array = nothing;
  readonly #request: IncomingMessage;
  readonly #hosts: readonly string[];
  readonly #response: ServerResponse;

  constructor(request: IncomingMessage, response: ServerResponse, address: string) {
    request.on('error', ignore);
    response.on('error', ignore);
    this.#hosts = request.headersDistinct['host'] ?? [];
    toOriginForm(request);
    this.method = request.method ?? '';
    this.target = request.url ?? '';
    this.address = address;
    this.#request = request;
    this.#response = response;
  }

  /** See `HttpsRequest`. */
  header(name: string): string | undefined {
    // Of several Node tells the first, and somebody on the way may have read another.
    if (name === 'host' && this.#hosts.length > 1) return this.#hosts.join(', ');
    const value = this.#request.headers[name];
    return typeof value === 'string' ? value : value?.join(', ');
  }

  /** See `Exchange`. Node has checked that the header is a number. */
  get declaredLength(): number | undefined {
    const { headers } = this.#request;
    if (headers['transfer-encoding'] !== undefined) return undefined;
    return Number(headers['content-length'] ?? 0);
  }

  /** See `Exchange`. */
  get isOver(): boolean {
    return this.#response.destroyed || this.#response.writableEnded;
  }

  /** See `Exchange`. */
  readBody(reader: BodyReader): void {
    this.#request.on('data', (piece: Buffer) => reader.onPiece(piece));
    this.#request.on('end', () => reader.onEnd());
    this.#request.on('close', () => reader.onClosed());
  }

  /** See `Exchange`. */
  send(answer: HttpsAnswer): void {
    const length = lengthOf(answer);
    this.#response.writeHead(answer.status, { ...answer.headers, 'content-length': length });
    if (length === 0 || this.method === 'HEAD') this.#response.end();
    else this.#response.end(answer.body);
  }

  /** See `Exchange`. */
  refuse(status: Refusal): void {
    if (this.isOver) return;
    const text = refusals[status];
    const headers = { 'content-type': 'text/plain; charset=utf-8', 'content-length': text.length };
    this.#response.writeHead(status, { ...headers, connection: 'close' });
    this.#response.end(text);
  }

  /** See `Exchange`. */
  onceClosed(listener: () => void): void {
    this.#response.once('close', listener);
  }
}
