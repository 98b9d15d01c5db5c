/**
 * Cuts a byte stream into DNS messages. RFC 1035 §4.2.2: "The message is prefixed with a two byte length field which
 * gives the message length, excluding the two byte length field". The stream may be split anywhere. A message that is
 * complete in one piece is a view of it; otherwise each octet is copied once, however small the pieces are.
 */
export class FrameReader {
  readonly #frame: (message: Uint8Array) => void;
  #high = -1;
  #message: Uint8Array | undefined;
  #filled = 0;

  /** `frame` is called with each complete message, whose octets it may keep. */
  constructor(frame: (message: Uint8Array) => void) {
    this.#frame = frame;
  }

  /** True while a message has begun and not ended. */
  get isInside(): boolean {
    return this.#high >= 0 || this.#message !== undefined;
  }

  /** Takes the next piece of the stream. */
  push(piece: Uint8Array): void {
    let at = 0;
    while (at < piece.length) {
      if (this.#message === undefined) {
        const octet = piece[at++] as number;
        if (this.#high < 0) {
          this.#high = octet;
          continue;
        }
        const length = (this.#high << 8) | octet;
        this.#high = -1;
        if (at + length <= piece.length) {
          this.#frame(piece.subarray(at, at + length));
          at += length;
          continue;
        }
        this.#message = new Uint8Array(length);
        this.#filled = 0;
      }
      const message = this.#message;
      const part = piece.subarray(at, at + message.length - this.#filled);
      message.set(part, this.#filled);
      this.#filled += part.length;
      at += part.length;
      if (this.#filled === message.length) {
        this.#message = undefined;
        this.#frame(message);
      }
    }
  }
}
