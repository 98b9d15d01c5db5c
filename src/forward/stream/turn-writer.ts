import type { Socket } from 'node:net';

/** Maximum number of octets that wait for a peer that does not read. */
export const MAX_UNSENT = 1 << 20;

/** Octets that a buffer begins with: a few dozen padded queries. */
const FIRST_LENGTH = 4096;

/**
 * Writes to a stream of TLS: the first frame at once, and what is written until the stream has taken it together, each turn of
 * the event loop in one record. Node encrypts and sends for each write, and each takes a turn, so frames that are written one
 * by one would be sent as one in each turn.
 */
export class TurnWriter {
  readonly #socket: Socket;
  readonly #keepsLast: boolean;
  /** What waits. */
  #octets: Buffer = Buffer.alloc(0);
  #end = 0;
  /** Where its last frame begins. */
  #lastAt = 0;
  #isWriting = false;

  /** With `keepsLast` the last of several frames that wait is written by itself. */
  constructor(socket: Socket, keepsLast: boolean) {
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

  /** Where a frame of so many octets is to be put into `octets`, at once. Then call `write`. */
  room(length: number): number {
    const at = this.#end;
    this.#lastAt = at;
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
    if (!this.#isWriting) this.#flush();
  }

  #flush(): void {
    const octets = this.#octets;
    const end = this.#end;
    const until = this.#keepsLast && this.#lastAt > 0 ? this.#lastAt : end;
    // A buffer that is being written must not change, so the next frames go behind it.
    this.#octets = octets.subarray(until);
    this.#end = end - until;
    this.#lastAt = 0;
    this.#isWriting = true;
    this.#socket.write(octets.subarray(0, until), this.#written);
  }

  readonly #written = (error?: Error | null): void => {
    this.#isWriting = false;
    // After an error the socket closes, and pending queries hear of that.
    if (error) this.#end = 0;
    else if (this.#end > 0) this.#flush();
  };
}
