import { WireError } from '../../dns/wire-error.ts';
import { UpstreamFailure } from '../errors.ts';
import { readReply, type UpstreamReply } from '../reply.ts';
import { isWithoutQuestion } from '../reply-match.ts';
import type { UpstreamRequest } from '../request.ts';

/**
 * Reads a reply that matches the request, from a transport that does not limit its length.
 * @throws UpstreamFailure `malformed`
 */
export function readWholeReply(bytes: Uint8Array, request: UpstreamRequest, label: string): UpstreamReply {
  // TC has no use over a stream: there is no way to get the rest.
  if (((bytes[2] as number) & 0x02) !== 0 && !isWithoutQuestion(bytes)) {
    throw new UpstreamFailure('malformed', 'sent a truncated reply over a connection');
  }
  try {
    return readReply(bytes, request, label);
  } catch (error) {
    if (!(error instanceof WireError)) throw error;
    throw new UpstreamFailure('malformed', `sent a malformed reply (${error.message})`, { cause: error });
  }
}
