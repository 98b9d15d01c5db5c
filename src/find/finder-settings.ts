/** Numbers of a finder, in seconds unless they say otherwise. */
export interface FinderSettings {
  /** PKARR.md's bounds of a packet's time to live; pkarr has 300 and 86,400. */
  readonly minimumTtl: number;
  readonly maximumTtl: number;
  /** How long a key without a packet is remembered as absent; pkdns has 60. */
  readonly absentTtl: number;
  /** Who waits this long while an expired packet is held gets that one (RFC 8767 §5). */
  readonly staleAfter: number;
  /** After a lookup that did not confirm an expired packet, the packet is served without another one for so long. */
  readonly recheckAfter: number;
  /** A lookup that still runs after this is ended. */
  readonly lookupTimeout: number;
  /** Lookups at one time; one more is `unreachable`. */
  readonly maxLookups: number;
  /** Answers "I have nothing" before they are believed; fewer suffice when all that were asked say so. */
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
