import { ErrorCode, Http2Error, MAX_WINDOW } from '../../system/https/http2/frames.ts';
import type { PendingQuery } from '../connection/pending-query.ts';
import { type HttpsReply, MAX_REPLY_LENGTH, type ReplyHead } from './reply-head.ts';

/** Who is told what becomes of the streams of a session. */
export interface SessionListener {
  /** A stream has ended by itself or by the server; `code` is that of a reset. */
  ended(stream: HttpsStream, code: number): void;
  /**
   * RFC 9113 §6.8: "Receivers of a GOAWAY frame MUST NOT open additional streams on the connection". With an error nothing else is
   * to be expected either.
   */
  leaving(code: number): void;
  /** The server broke the rules, and the connection is to be destroyed. */
  broken(error: Http2Error): void;
}

/** A request on its stream. */
export class HttpsStream {
  /** Of the stream, when it is begun. */
  id = 0;
  readonly query: PendingQuery<HttpsReply>;
  readonly isGet: boolean;
  /** The block of headers. */
  readonly head: Uint8Array;
  /** Empty for GET. */
  readonly body: Uint8Array;
  /** Octets of the body that were sent, and that the server takes on this stream. */
  sent = 0;
  sendWindow = 0;
  /** The head of a reply came. */
  hasHead = false;
  /** Why what came is no reply, as a clause. */
  refusal: string | undefined;
  /** The reply came to its end. */
  isWhole = false;
  /** Octets of the reply that came. */
  length = 0;
  #age = 0;
  #declared: number | undefined;
  /** Room for the reply; the octets after `length` are not of it. */
  #reply: Uint8Array = nothing;

  constructor(
    query: PendingQuery<HttpsReply>,
    { isGet, head, body }: Pick<HttpsStream, 'isGet' | 'head' | 'body'>,
  ) {
    this.query = query;
    this.isGet = isGet;
    this.head = head;
    this.body = body;
  }

  /** The reply, as it came. */
  get reply(): HttpsReply {
    return { bytes: this.#octets, age: this.#age };
  }

  /** RFC 9113 §8.1.1: a reply of another length than it says is malformed. */
  get hasDeclaredLength(): boolean {
    return this.#declared === undefined || this.#declared === this.length;
  }

  /** The server takes so many octets more. @throws Http2Error when that is too much. */
  widen(change: number): void {
    this.sendWindow += change;
    if (this.sendWindow > MAX_WINDOW) throw new Http2Error(ErrorCode.FLOW_CONTROL_ERROR);
  }

  /** The head of the reply came. */
  takeHead(head: ReplyHead): void {
    this.hasHead = true;
    this.refusal = head.whyNoReply;
    this.#age = head.age;
    this.#declared = head.length;
  }

  /** A piece of the reply came. @returns false when it is too long. */
  add(piece: Uint8Array, isLast: boolean): boolean {
    const length = this.length + piece.length;
    if (length > MAX_REPLY_LENGTH) return false;
    // Nearly every reply is one piece, which is kept as it is. Others are copied, not to keep all that came with them.
    if (this.length === 0 && isLast) this.#reply = piece;
    else {
      if (length > this.#reply.length) {
        const larger = Buffer.allocUnsafe(Math.min(2 * length, MAX_REPLY_LENGTH));
        larger.set(this.#octets);
        this.#reply = larger;
      }
      this.#reply.set(piece, this.length);
    }
    this.length = length;
    return true;
  }

  get #octets(): Uint8Array {
    return this.#reply.length === this.length ? this.#reply : this.#reply.subarray(0, this.length);
  }
}

const nothing = new Uint8Array();
