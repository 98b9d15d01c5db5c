import { type BodyReader, type Exchange, nothing, type Refusal, refusals } from '../shared/exchange.ts';
import type { HttpsAnswer } from '../shared/server.ts';
import { RequestHead } from './request-head.ts';

/** What a stream is answered through. */
export interface ExchangeSession {
  /** Sends an answer; with `isRefusal` without waiting for the rest of the request. @throws TypeError */
  answer(exchange: Http2Exchange, answer: HttpsAnswer, isRefusal: boolean): void;
}

/** A request of HTTP/2: a stream of its session. */
export class Http2Exchange implements Exchange {
  readonly id: number;
  readonly method: string;
  readonly target: string;
  readonly address: string;
  body: Uint8Array = nothing;
  /** Octets that the client still takes on this stream. */
  sendWindow: number;
  /** The client has not ended its request. */
  isReceiving: boolean;
  /** An answer was begun. */
  isAnswered = false;
  /** The rest of an answer that is not sent. */
  unsent: Uint8Array | undefined;
  /** The stream is reset when its answer is sent. */
  isRefused = false;
  #isClosed = false;
  #received = 0;
  #head: RequestHead;
  #reader: BodyReader | undefined;
  #onClosed: (() => void) | undefined;
  readonly #session: ExchangeSession;

  constructor(
    session: ExchangeSession,
    {
      id,
      head,
      address,
      isReceiving,
      sendWindow,
    }: Pick<Http2Exchange, 'id' | 'address' | 'isReceiving' | 'sendWindow'> & {
      readonly head: RequestHead;
    },
  ) {
    this.#session = session;
    this.id = id;
    this.#head = head;
    this.method = head.method;
    this.target = head.path;
    this.address = address;
    this.isReceiving = isReceiving;
    this.sendWindow = sendWindow;
  }

  /** See `HttpsRequest`. */
  header(name: string): string | undefined {
    return this.#head.get(name);
  }

  /** See `Exchange`. */
  get declaredLength(): number | undefined {
    if (!this.isReceiving) return 0;
    return this.#head.contentLength;
  }

  /** See `Exchange`. */
  get isOver(): boolean {
    return this.#isClosed || this.isAnswered;
  }

  /** See `Exchange`. */
  readBody(reader: BodyReader): void {
    this.#reader = reader;
  }

  /** See `Exchange`. */
  send(answer: HttpsAnswer): void {
    this.#session.answer(this, answer, false);
  }

  /** See `Exchange`. */
  refuse(status: Refusal): void {
    if (this.isOver) return;
    const headers = { 'content-type': 'text/plain; charset=utf-8' };
    this.#session.answer(this, { status, headers, body: refusals[status] }, true);
  }

  /** See `Exchange`. */
  onceClosed(listener: () => void): void {
    if (this.#isClosed) listener();
    else this.#onClosed = listener;
  }

  /** A piece of the body came. @returns false when the request has another length than it says (RFC 9113 §8.1.1). */
  receive(piece: Uint8Array, isLast: boolean): boolean {
    const declared = this.declaredLength;
    this.#received += piece.length;
    if (isLast) this.isReceiving = false;
    if (declared !== undefined && (this.#received > declared || (isLast && this.#received < declared)))
      return false;
    if (piece.length > 0) this.#reader?.onPiece(piece);
    if (isLast) this.#reader?.onEnd();
    return true;
  }

  /** An answer was begun: the request is kept no longer. */
  forget(): void {
    this.isAnswered = true;
    this.body = nothing;
    this.#reader?.onClosed();
    this.#reader = undefined;
    // What is declared is still compared to what comes.
    if (!this.isReceiving) this.#head = none;
  }

  /** The stream is gone. */
  close(): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    this.unsent = undefined;
    this.#reader?.onClosed();
    this.#onClosed?.();
  }
}

const none = new RequestHead();
