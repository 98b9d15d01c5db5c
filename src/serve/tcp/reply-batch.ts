/** Room for replies of one turn; grows with what one connection may leave unread, and is shared by all connections. */
let scratch = Buffer.allocUnsafe(64 * 1024);

/**
 * Replies on their way into one write, each with its length before it (RFC 1035 §4.2.2). One batch at a time: from its
 * making to `take` nothing else may run.
 */
export class ReplyBatch {
  #length = 0;

  /** Octets in it, length fields included. */
  get length(): number {
    return this.#length;
  }

  /** Where to write what was reserved; another buffer after each `reserve`. */
  get target(): Buffer {
    return scratch;
  }

  /** Makes room for a reply of `length` octets, 0 to 65,535. @returns the offset in `target` to write it at. */
  reserve(length: number): number {
    const at = this.#length + 2;
    if (at + length > scratch.length) {
      const grown = Buffer.allocUnsafe(Math.max(scratch.length * 2, at + length));
      scratch.copy(grown, 0, 0, this.#length);
      scratch = grown;
    }
    scratch.writeUInt16BE(length, this.#length);
    this.#length = at + length;
    return at;
  }

  /** A copy of all that is in it. */
  take(): Buffer {
    return Buffer.from(scratch.subarray(0, this.#length));
  }
}
