import type { Name } from '../../dns/name.ts';
import type { ResourceRecord, RRset } from '../../dns/record.ts';

/** What all outcomes of a zone lookup have. */
interface Common {
  /**
   * CNAME and DNAME records followed inside the packet, in order, a synthesized CNAME after its DNAME. They come first in
   * the answer section.
   */
  readonly chain: readonly ResourceRecord[];
  /** Aliases followed, one for each CNAME and each DNAME; they count against the limit of the whole resolution. */
  readonly steps: number;
}

/** The target of an HTTPS or SVCB record (RFC 9460 §2.5: `.` is already replaced or left out). */
export interface ServiceTarget {
  /** `alias`: ask the same type there (RFC 9460 §2.4.2). `service`: ask addresses there (§2.4.3). */
  readonly mode: 'alias' | 'service';
  readonly target: Name;
}

/** The name has records of the type. */
export interface FoundAnswer extends Common {
  readonly kind: 'answer';
  readonly records: RRset;
  /** Where HTTPS and SVCB records lead, in the order of the records; empty for other types. */
  readonly serviceTargets: readonly ServiceTarget[];
}

/** The name exists and has no records of the type (RFC 2308 §2.2). */
interface NoDataAnswer extends Common {
  readonly kind: 'no-data';
  /** For the authority section; its TTL is how long the negative answer may be cached. */
  readonly soa: ResourceRecord;
}

/** The name does not exist: NXDOMAIN (RFC 2308 §2.1), also when an alias led there (RFC 6604 §3). */
interface NameErrorAnswer extends Common {
  readonly kind: 'name-error';
  /** For the authority section; its TTL is how long the negative answer may be cached. */
  readonly soa: ResourceRecord;
}

/** An alias leads out of the zone: the resolution goes on with `target`, after the records of `chain`. */
interface AliasAnswer extends Common {
  readonly kind: 'alias';
  readonly target: Name;
}

/** The name is at or below a delegation: other servers have the answer (RFC 1034 §4.3.2, step 3b). */
interface ReferralAnswer extends Common {
  readonly kind: 'referral';
  /** The name to query the other servers for: the question's, or the end of the chain. */
  readonly name: Name;
  /** The NS RRset; its owner is the delegation point. */
  readonly servers: RRset;
  /** A and AAAA records of those servers in the packet. */
  readonly glue: readonly ResourceRecord[];
}

/** An alias loop, or more aliases than allowed: SERVFAIL. */
interface LoopAnswer extends Common {
  readonly kind: 'loop';
  readonly why: 'repeats' | 'too-many-steps';
}

/** A DNAME substitution would give a name of more than 255 octets: YXDOMAIN (RFC 6672 §2.2). */
interface NameTooLongAnswer extends Common {
  readonly kind: 'name-too-long';
}

/** The outcome of a zone lookup. A closed list. */
export type ZoneAnswer =
  | FoundAnswer
  | NoDataAnswer
  | NameErrorAnswer
  | AliasAnswer
  | ReferralAnswer
  | LoopAnswer
  | NameTooLongAnswer;
