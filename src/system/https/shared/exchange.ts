import * as bounds from './bounds.ts';
import type { HttpsAnswer, HttpsRequest } from './server.ts';

/** What takes a body, in pieces. */
export interface BodyReader {
  onPiece(piece: Uint8Array): void;
  /** It is whole. */
  onEnd(): void;
  /** Nothing more comes; it may be whole. */
  onClosed(): void;
}

/** A request, and what it is answered through: one shape for both versions of HTTP. */
export interface Exchange extends Omit<HttpsRequest, 'body'> {
  /** Empty until it was read. */
  body: Uint8Array;
  /** Octets of the body as the request declares them; 0 when there is none, undefined when nobody says. */
  readonly declaredLength: number | undefined;
  /** An answer was begun, or nobody is there to take one. */
  readonly isOver: boolean;
  /** Reads the body. */
  readBody(reader: BodyReader): void;
  /** Sends an answer. @throws Error for a header that cannot be sent. */
  send(answer: HttpsAnswer): void;
  /** Answers without having read the body, and ends what it comes in. */
  refuse(status: Refusal): void;
  /** Calls `listener` when the answer is sent, or the client is gone. */
  onceClosed(listener: () => void): void;
}

/** What a client is told of an internal error. */
export const internalError: HttpsAnswer = {
  status: 500,
  headers: { 'content-type': 'text/plain; charset=utf-8' },
  body: 'Internal error; see the log.\n',
};

/** What is said to a request whose body is not read to the end. */
export const refusals = {
  408: 'The body did not come in time.\n',
  413: `A body has at most ${bounds.MAX_BODY} octets.\n`,
} as const;

/** The status of such an answer. */
export type Refusal = keyof typeof refusals;

/** Octets of the body of an answer. */
export function lengthOf({ body }: HttpsAnswer): number {
  return typeof body === 'string' ? Buffer.byteLength(body) : body.length;
}

/** Does nothing: a client may be gone at any time, and then nothing that is written matters. */
export const ignore = (): void => {};

/** No octets. */
export const nothing = new Uint8Array(0);
