/** An open listener. */
export interface Opened {
  /** The actual port. */
  readonly port: number;
  /**
   * Takes no more datagrams or connections from a socket that somebody else has too, who will. What was taken can still be
   * answered.
   */
  leave?(): Promise<void>;
  /** Closes it. */
  stop(): Promise<void>;
}
