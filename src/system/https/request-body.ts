import { MAX_BODIES, MAX_BODY, MAX_READING } from './shared/bounds.ts';
import { ignore, nothing } from './shared/exchange.ts';

/** All bodies that are being read. */
export class RequestBodies {
  /** Oldest first. */
  readonly #open = new Set<RequestBody>();
  #held = 0;

  /** Begins to read one. `refuse` is called when it takes too long, or too much together with others. */
  begin(refuse: (status: 408 | 503) => void): RequestBody {
    if (this.#open.size >= MAX_READING) this.#refuseOldest();
    const body = new RequestBody(refuse);
    this.#open.add(body);
    return body;
  }

  /** Adds a piece. @returns false when the body is too large. */
  push(body: RequestBody, piece: Uint8Array): boolean {
    const before = body.held;
    if (!body.push(piece)) return false;
    this.#held += body.held - before;
    while (this.#held > MAX_BODIES) this.#refuseOldest();
    return true;
  }

  /** The oldest is the slowest. */
  #refuseOldest(): void {
    for (const oldest of this.#open) {
      oldest.refuse(503);
      this.end(oldest);
      return;
    }
  }

  /** Reads one no longer, and forgets what was read. */
  end(body: RequestBody): void {
    if (!this.#open.delete(body)) return;
    this.#held -= body.held;
    body.forget();
  }

  /** Refuses those that were begun before `time`, by `performance.now()`. */
  refuseOlder(time: number): void {
    for (const body of this.#open) {
      if (body.startedAt >= time) return;
      body.refuse(408);
      this.end(body);
    }
  }
}

/** The body of one request. */
export class RequestBody {
  readonly startedAt: number = performance.now();
  refuse: (status: 408 | 503) => void;
  #buffer: Uint8Array = nothing;
  #length = 0;
  #held = 0;

  constructor(refuse: (status: 408 | 503) => void) {
    this.refuse = refuse;
  }

  /**
   * Lets go of everything. V8 leaves the tables of a `Set` that has outgrown them to its slow collector, which keeps what is in
   * them until then: each request that was open at such a moment, for a third of the time of all requests.
   */
  forget(): void {
    this.refuse = ignore;
    this.#buffer = nothing;
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
