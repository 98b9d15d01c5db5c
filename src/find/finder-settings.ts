/** Settings of a finder, in seconds unless stated otherwise. */
export interface FinderSettings {
  /** Bounds of the time for which a packet is fresh; 300 and 86,400 in the pkarr library. */
  readonly minimumTtl: number;
  readonly maximumTtl: number;
  /** How long the absence of a packet is cached; 60 in pkdns. */
  readonly absentTtl: number;
  /** After this time a caller gets an expired packet, if there is one (RFC 8767 §5). */
  readonly staleAfter: number;
  /** How long an expired packet is served without another lookup, after one that did not confirm it. */
  readonly recheckAfter: number;
  /** Timeout of a lookup. */
  readonly lookupTimeout: number;
  /** Maximum number of concurrent lookups; beyond it a read is `unreachable`. */
  readonly maxLookups: number;
  /** Number of negative answers that prove absence; fewer suffice if all nodes that were asked give one. */
  readonly absentQuorum: number;
}

/** For a resolver on a laptop or a router. */
export const defaultFinderSettings: FinderSettings = {
  minimumTtl: 300,
  maximumTtl: 86_400,
  absentTtl: 60,
  // RFC 8767 §5 recommends 1.8 s, below the 2 s after which some stub resolvers ask again.
  staleAfter: 1.8,
  // RFC 8767 §5: attempts to refresh "are recommended to be done no more frequently than every 30 seconds".
  recheckAfter: 30,
  lookupTimeout: 15,
  maxLookups: 256,
  absentQuorum: 3,
};
