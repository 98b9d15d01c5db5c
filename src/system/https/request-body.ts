import { MAX_BODIES, MAX_BODY, MAX_READING } from './shared/bounds.ts';
import { type BodyReader, nothing, type Refusal } from './shared/exchange.ts';

/** What is done with the bodies of requests. */
export interface BodyUser<Request> {
  /** It is there. */
  onBody(request: Request, octets: Uint8Array): void;
  /** It is not read to its end. 503: all together are too much, and this is the oldest. */
  onRefused(request: Request, status: Refusal | 503): void;
}

/** All bodies that are being read, bounded in time, in number and in octets. */
export class RequestBodies<Request> {
  readonly #user: BodyUser<Request>;
  /** Oldest first, linked by the bodies themselves: a `Set` would make a new table again and again as they come and go. */
  #first: RequestBody<Request> | undefined;
  #last: RequestBody<Request> | undefined;
  #reading = 0;
  #held = 0;

  constructor(user: BodyUser<Request>) {
    this.#user = user;
  }

  /** Begins to read the body of a request, of so many octets if somebody has said. Whoever has its pieces calls what is returned. */
  begin(request: Request, declaredLength: number | undefined): BodyReader {
    if (this.#reading >= MAX_READING && this.#first !== undefined) this.#refuse(this.#first, 503);
    const body = new RequestBody(this, request, declaredLength);
    body.before = this.#last;
    if (this.#last === undefined) this.#first = body;
    else this.#last.next = body;
    this.#last = body;
    this.#reading++;
    return body;
  }

  /** Refuses those that were begun before `time`, by `performance.now()`. */
  refuseOlder(time: number): void {
    while (this.#first !== undefined && this.#first.startedAt < time) this.#refuse(this.#first, 408);
  }

  /** A piece of one came. */
  push(body: RequestBody<Request>, piece: Uint8Array): void {
    const before = body.held;
    if (!body.push(piece)) {
      this.#refuse(body, 413);
      return;
    }
    this.#held += body.held - before;
    while (this.#held > MAX_BODIES && this.#first !== undefined) this.#refuse(this.#first, 503);
    if (body.isReading && body.length === body.declaredLength) this.finish(body);
  }

  /** One is whole. */
  finish(body: RequestBody<Request>): void {
    const { octets, request } = body;
    this.end(body);
    this.#user.onBody(request, octets);
  }

  /** Reads one no longer, and forgets what was read. */
  end(body: RequestBody<Request>): void {
    if (!body.isReading) return;
    const { before, next } = body;
    if (before === undefined) this.#first = next;
    else before.next = next;
    if (next === undefined) this.#last = before;
    else next.before = before;
    this.#reading--;
    this.#held -= body.held;
    body.forget();
  }

  #refuse(body: RequestBody<Request>, status: Refusal | 503): void {
    const { request } = body;
    this.end(body);
    this.#user.onRefused(request, status);
  }
}

/** The body of one request. */
class RequestBody<Request> implements BodyReader {
  readonly startedAt: number = performance.now();
  readonly request: Request;
  readonly declaredLength: number | undefined;
  /** Its neighbours in the list of all. */
  before: RequestBody<Request> | undefined;
  next: RequestBody<Request> | undefined;
  isReading = true;
  readonly #all: RequestBodies<Request>;
  #buffer: Uint8Array = nothing;
  #length = 0;
  #held = 0;

  constructor(all: RequestBodies<Request>, request: Request, declaredLength: number | undefined) {
    this.#all = all;
    this.request = request;
    this.declaredLength = declaredLength;
  }

  /** See `BodyReader`. */
  onPiece(piece: Uint8Array): void {
    if (this.isReading) this.#all.push(this, piece);
  }

  /** See `BodyReader`. One of a declared length is whole with its last piece. */
  onEnd(): void {
    if (this.isReading && this.declaredLength === undefined) this.#all.finish(this);
  }

  /** See `BodyReader`. */
  onClosed(): void {
    this.#all.end(this);
  }

  /** Octets that were read. */
  get length(): number {
    return this.#length;
  }

  /** What was read. */
  get octets(): Uint8Array {
    return this.#length === this.#buffer.length ? this.#buffer : this.#buffer.subarray(0, this.#length);
  }

  /** Octets of memory that it keeps. */
  get held(): number {
    return this.#held;
  }

  /** Lets go of everything: the request may wait for its answer for seconds. */
  forget(): void {
    this.isReading = false;
    this.before = undefined;
    this.next = undefined;
    this.#buffer = nothing;
  }

  /**
   * Adds a piece, of which the first is nearly always all. A piece keeps the whole buffer alive that was read from the
   * socket, so later ones are copied. @returns false when that is too much for a body.
   */
  push(piece: Uint8Array): boolean {
    const length = this.#length + piece.length;
    if (length > MAX_BODY) return false;
    if (this.#length === 0) {
      this.#buffer = piece;
      this.#held = piece.buffer.byteLength;
    } else {
      if (length > this.#buffer.length || this.#held !== this.#buffer.length) {
        const grown = new Uint8Array(Math.max(this.#length * 2, length));
        grown.set(this.octets);
        this.#buffer = grown;
        this.#held = grown.length;
      }
      this.#buffer.set(piece, this.#length);
    }
    this.#length = length;
    return true;
  }
}
