import { Rcode } from '../dns/codes.ts';
import { type ExtendedError, ExtendedErrorCode } from '../dns/extended-error.ts';

/**
 * Why a question has no answer. A closed list; each has a different remedy.
 *
 * - `alias-loop`: an alias loop, or more than 16 aliases. The zone's owner must fix it.
 * - `too-many-keys`: aliases and delegations lead over more keys than one answer may cost. The zone's owner must fix it.
 * - `delegation`: the zone delegates the name, and none of its name servers gave an answer.
 * - `packet-unreachable`: the packet sources could not be reached, or too few answered.
 * - `packet-unusable`: the key's owner published something that is not a valid signed packet.
 * - `no-upstream`: there is no upstream resolver to ask.
 * - `upstream-silent`: no upstream answered in time.
 * - `upstream-network`: no upstream could be reached.
 * - `upstream-malformed`: the upstreams' replies were malformed.
 * - `busy`: too many queries are in flight already.
 * - `out-of-time`: the deadline for an answer passed.
 * - `internal`: an internal error; see the log.
 */
export type ResolveErrorKind =
  | 'alias-loop'
  | 'too-many-keys'
  | 'delegation'
  | 'packet-unreachable'
  | 'packet-unusable'
  | 'no-upstream'
  | 'upstream-silent'
  | 'upstream-network'
  | 'upstream-malformed'
  | 'busy'
  | 'out-of-time'
  | 'internal';

/** A resolution failed: the kind of failure, and a sentence for people. */
export class ResolveError extends Error {
  override readonly name = 'ResolveError';
  readonly kind: ResolveErrorKind;

  constructor(kind: ResolveErrorKind, message: string, options?: { readonly cause?: unknown }) {
    super(message, options);
    this.kind = kind;
  }
}

/**
 * The one table from failures to what a client is told. The RCODE is SERVFAIL for all of them: RFC 1035 §4.1.1, "The
 * name server was unable to process this query due to a problem with the name server"; the INFO-CODE (RFC 8914 §4) tells
 * them apart.
 */
const infoCodes: Readonly<Record<ResolveErrorKind, number>> = {
  'alias-loop': ExtendedErrorCode.INVALID_DATA,
  'too-many-keys': ExtendedErrorCode.INVALID_DATA,
  delegation: ExtendedErrorCode.NO_REACHABLE_AUTHORITY,
  'packet-unreachable': ExtendedErrorCode.NO_REACHABLE_AUTHORITY,
  'packet-unusable': ExtendedErrorCode.INVALID_DATA,
  'no-upstream': ExtendedErrorCode.NO_REACHABLE_AUTHORITY,
  'upstream-silent': ExtendedErrorCode.NO_REACHABLE_AUTHORITY,
  'upstream-network': ExtendedErrorCode.NETWORK_ERROR,
  'upstream-malformed': ExtendedErrorCode.NETWORK_ERROR,
  busy: ExtendedErrorCode.NOT_READY,
  'out-of-time': ExtendedErrorCode.NO_REACHABLE_AUTHORITY,
  internal: ExtendedErrorCode.OTHER,
};

/** The RCODE and the extended error that report `error` to a client. */
export function failureReply(error: ResolveError): {
  readonly rcode: number;
  readonly extendedError: ExtendedError;
} {
  return { rcode: Rcode.SERVFAIL, extendedError: { code: infoCodes[error.kind], text: error.message } };
}
