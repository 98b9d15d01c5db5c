import { MAX_BODIES, MAX_BODY } from './bounds.ts';

/** All bodies that are being read. */
export class RequestBodies {
  readonly #open = new Set<RequestBody>();
  #octets = 0;

  /** Begins to read one. `refuse` is called when it takes too long. */
  begin(refuse: () => void): RequestBody {
    const body = new RequestBody(refuse, (octets) => {
      this.#octets += octets;
      return this.#octets <= MAX_BODIES;
    });
    this.#open.add(body);
    return body;
  }

  /** Reads one no longer. */
  end(body: RequestBody): void {
    if (this.#open.delete(body)) this.#octets -= body.octets.length;
  }

  /** Refuses those that were begun before `time`, by `performance.now()`. */
  refuseOlder(time: number): void {
    for (const body of this.#open) if (body.startedAt < time) body.refuse();
  }
}

/** The body of one request: a copy, since pieces of an octet would each keep a buffer of the socket alive. */
export class RequestBody {
  readonly startedAt: number = performance.now();
  readonly refuse: () => void;
  readonly #grow: (octets: number) => boolean;
  #buffer: Buffer = Buffer.allocUnsafe(512);
  #length = 0;

  constructor(refuse: () => void, grow: (octets: number) => boolean) {
    this.refuse = refuse;
    this.#grow = grow;
  }

  /** What was read. */
  get octets(): Buffer {
    return this.#buffer.subarray(0, this.#length);
  }

  /** Adds a piece. @returns the status of the refusal, if it is too much for the body or for all together. */
  push(piece: Uint8Array): 413 | 503 | undefined {
    const length = this.#length + piece.length;
    if (length > MAX_BODY) return 413;
    if (length > this.#buffer.length) {
      const grown = Buffer.allocUnsafe(Math.max(this.#buffer.length * 2, length));
      this.#buffer.copy(grown, 0, 0, this.#length);
      this.#buffer = grown;
    }
    this.#buffer.set(piece, this.#length);
    this.#length = length;
    return this.#grow(piece.length) ? undefined : 503;
  }
}
