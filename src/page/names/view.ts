/** The names that the user gave to keys, and the last packets of keys that have one or are watched. Plain values. */
export interface NamesView {
  readonly names: readonly {
    /** `alice`. */
    readonly name: string;
    readonly key: string;
    readonly from: 'configuration' | 'added';
    /** The configuration has the name too, and wins. */
    readonly isHidden: boolean;
  }[];
  readonly keys: readonly WatchedKey[];
  /** Keys that are left out, since so many are shown. */
  readonly left: number;
}

/** A key of interest, and what is kept of it. */
export interface WatchedKey {
  readonly key: string;
  /** Names that mean it. */
  readonly names: readonly string[];
  /** Somebody watches it, or did in the last 30 days. */
  readonly isWatched: boolean;
  /** The newest first. */
  readonly packets: readonly {
    /** When it was signed and first seen here, as texts. */
    readonly signed: string;
    readonly firstSeen: string;
    readonly octets: number;
    /** Records by which it differs from the one before, as lines of a zone file. */
    readonly added: readonly string[];
    readonly removed: readonly string[];
  }[];
}
