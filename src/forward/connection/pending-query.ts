/** A query that is pending on one or more connections. */
export interface PendingQuery<Reply> {
  /** The message. A connection may overwrite its ID. */
  readonly message: Buffer;
  /** Offset after its question. */
  readonly questionEnd: number;
  /** Called once with what the connection received for it; then it is no longer pending. */
  answered(reply: Reply): void;
  /** Called if the answer of the server is unusable, and asking again would not help. */
  fail(reason: unknown): void;
}
