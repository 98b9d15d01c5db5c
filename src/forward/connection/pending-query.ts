/** A query that waits for its reply, on whatever connections it travels. */
export interface PendingQuery<Reply> {
  /** The message. A connection may write the id. */
  readonly message: Buffer;
  /** Offset after its question. */
  readonly questionEnd: number;
  /** Given what the connection received for it, once: it waits no longer. */
  answered(reply: Reply): void;
  /** The server's answer is of no use, and asking again would not change that. */
  fail(reason: unknown): void;
}
