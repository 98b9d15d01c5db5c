import type { LookupFailure } from '../../gateway/lookups.ts';
import type { Reply } from './respond.ts';

/** The status of what the main thread could not answer, and when to come again: it may be idle within a second. */
export function failureReply(kind: LookupFailure): Required<Pick<Reply, 'status' | 'headers'>> {
  return kind === 'internal'
    ? { status: 500, headers: {} }
    : { status: 503, headers: { 'retry-after': '1' } };
}
