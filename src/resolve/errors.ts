import { Rcode } from '../dns/codes.ts';
import { type ExtendedError, ExtendedErrorCode } from '../dns/extended-error.ts';
import type { FailureReason } from '../way/fact.ts';

/** A resolution failed: the kind of failure, and a sentence for people. */
export class ResolveError extends Error {
  override readonly name = 'ResolveError';
  readonly kind: FailureReason;

  constructor(kind: FailureReason, message: string, options?: { readonly cause?: unknown }) {
    super(message, options);
    this.kind = kind;
  }
}

/**
 * The one table from failures to what a client is told. The RCODE is SERVFAIL for all of them: RFC 1035 §4.1.1, "The
 * name server was unable to process this query due to a problem with the name server"; the INFO-CODE (RFC 8914 §4) tells
 * them apart.
 */
const infoCodes: Readonly<Record<FailureReason, number>> = {
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
