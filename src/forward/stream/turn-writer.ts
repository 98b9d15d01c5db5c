import type { Duplex } from 'node:stream';

/** Maximum number of octets that wait for a peer that does not read. */
export const MAX_UNSENT = 1 << 20;

/** Octets of a record of TLS (RFC 8446 §5.1). */
const MAX_RECORD = 16_384;

/** Octets that a buffer begins with: a few dozen padded queries. */
const FIRST_LENGTH = 4096;

/**
 * Writes to a stream of TLS: the first frame at once, and what is written until the stream has taken it together, each turn of
 * the event loop in one record. Node encrypts and sends for each write, and each takes a turn, so frames that are written one
 * by one would be sent as one in each turn. What one `write` completes is never in two records: Knot Resolver 5.6 takes a request
 * of HTTPS that is for two.
 */
export class TurnWriter {
  readonly #socket: Duplex;
  readonly #keepsLast: boolean;
  /** What waits. */
  #octets: Buffer = Buffer.alloc(0);
  #end = 0;
  /** Where the frames end that were completed by one `write` each. */
  #ends: number[] = [];
  /** Before more is written: that the stream has taken what was, and, on Bun, which says so at once, the end of the turn. */
  #waitsFor = 0;

  /** With `keepsLast` the last of several that wait is written by itself. */
  constructor(socket: Duplex, keepsLast: boolean) {
    this.#socket = socket;
    this.#keepsLast = keepsLast;
  }

  /** Whether the peer reads too slowly for further frames. */
  get isFull(): boolean {
    return this.#end + this.#socket.writableLength > MAX_UNSENT;
  }

  /** What waits: `room` says where a frame goes. */
  get octets(): Buffer {
    return this.#octets;
  }

  /** Where so many octets are to be put into `octets`, at once. Then call `write`, perhaps after others that belong to it. */
  room(length: number): number {
    const at = this.#end;
    this.#end = at + length;
    if (this.#end > this.#octets.length) {
      const larger = Buffer.allocUnsafe(Math.max(FIRST_LENGTH, 2 * this.#end));
      this.#octets.copy(larger, 0, 0, at);
      this.#octets = larger;
    }
    return at;
  }

  /** Sends what waits as soon as the stream takes it. */
  write(): void {
    if (this.#ends.at(-1) !== this.#end) this.#ends.push(this.#end);
    if (this.#waitsFor === 0) this.#flush();
  }

  #flush(): void {
    const octets = this.#octets;
    const ends = this.#ends;
    const most = this.#keepsLast ? Math.max(1, ends.length - 1) : ends.length;
    let count = 1;
    while (count < most && (ends[count] as number) <= MAX_RECORD) count += 1;
    const until = ends[count - 1] as number;
    // A buffer that is being written must not change, so the next frames go behind it.
    this.#octets = octets.subarray(until);
    this.#end -= until;
    this.#ends = ends.slice(count).map((end) => end - until);
    this.#waitsFor = 2;
    setImmediate(this.#passed);
    this.#socket.write(octets.subarray(0, until), this.#written);
  }

  readonly #passed = (): void => {
    this.#waitsFor -= 1;
    if (this.#waitsFor === 0 && this.#ends.length > 0) this.#flush();
  };

  readonly #written = (error?: Error | null): void => {
    // After an error the socket closes, and pending queries hear of that.
    if (error) {
      this.#end = 0;
      this.#ends = [];
    }
    this.#passed();
  };
}
