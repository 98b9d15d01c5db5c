/** The buffer of the current batch, shared by all connections; grows as needed, up to what one connection may not have read. */
let scratch = Buffer.allocUnsafe(64 * 1024);

/**
 * Replies for one write, each with its length prefix (RFC 1035 §4.2.2). Only one batch may exist at a time: it must be taken
 * before other code runs.
 */
export class ReplyBatch {
  #length = 0;

  /** Its octets, length prefixes included. */
  get length(): number {
    return this.#length;
  }

  /** The buffer to write reserved replies to; each `reserve` may replace it. */
  get target(): Buffer {
    return scratch;
  }

  /** Reserves room for a reply of `length` octets, 0 to 65,535. @returns its offset in `target`. */
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

  /** A copy of the whole batch. */
  take(): Buffer {
    return Buffer.from(scratch.subarray(0, this.#length));
  }
}
