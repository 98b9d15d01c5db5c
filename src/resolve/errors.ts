import { Rcode } from '../dns/codes.ts';
import { type ExtendedError, ExtendedErrorCode } from '../dns/extended-error.ts';

/**
 * Why a question has no answer. A closed list; each needs another remedy.
 *
 * - `alias-loop`: aliases lead in a circle or over more than 16 steps. The zone's owner must mend it.
 * - `delegation`: the zone hands the name to other servers, and none of them gave an answer.
 * - `packet-unreachable`: the sources of packets could not be asked, or too few answered.
 * - `packet-unusable`: the key's owner published something that is no signed packet.
 * - `no-upstream`: there is no upstream resolver to ask.
 * - `upstream-silent`: no upstream answered in time.
 * - `upstream-network`: no upstream could be reached.
 * - `upstream-malformed`: upstreams answered with something that is no DNS reply.
 * - `busy`: too much is in flight already.
 * - `out-of-time`: the time that an answer may take is over.
 * - `internal`: a mistake of the program; its log says which.
 */
export type ResolveErrorKind =
  | 'alias-loop'
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

/** No answer could be found out: what stood in the way, as a kind and as a sentence for people. */
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
 * name server was unable to process this query due to a problem with the name server"; the INFO-CODE of RFC 8914 §4
 * says which.
 */
const infoCodes: Readonly<Record<ResolveErrorKind, number>> = {
  'alias-loop': ExtendedErrorCode.INVALID_DATA,
  delegation: ExtendedErrorCode.NO_REACHABLE_AUTHORITY,
  'packet-unreachable': ExtendedErrorCode.NO_REACHABLE_AUTHORITY,
  'packet-unusable': ExtendedErrorCode.INVALID_DATA,
  'no-upstream': ExtendedErrorCode.NO_REACHABLE_AUTHORITY,
  'upstream-silent': ExtendedErrorCode.NO_REACHABLE_AUTHORITY,
  'upstream-network': ExtendedErrorCode.NETWORK_ERROR,
  'upstream-malformed': ExtendedErrorCode.INVALID_DATA,
  busy: ExtendedErrorCode.NOT_READY,
  'out-of-time': ExtendedErrorCode.NO_REACHABLE_AUTHORITY,
  internal: ExtendedErrorCode.OTHER,
};

/** The RCODE and the extended error that tell a client of `error`. */
export function failureReply(error: ResolveError): {
  readonly rcode: number;
  readonly extendedError: ExtendedError;
} {
  return { rcode: Rcode.SERVFAIL, extendedError: { code: infoCodes[error.kind], text: error.message } };
}
