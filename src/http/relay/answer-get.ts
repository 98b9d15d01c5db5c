import type { PublicKey } from '../../pkarr/public-key.ts';
import type { Timestamp } from '../../pkarr/timestamp.ts';
import { httpDate } from '../../relay/http-date.ts';
import { policies, type RelayGot } from '../calls/relay-calls.ts';
import type { Reply } from '../routing/respond.ts';
import type { Exchange } from '../routing/route.ts';
import { etagOf, judgeConditions } from './conditions.ts';
import { changed, limited } from './refusals.ts';
import type { RelayParts } from './relay-parts.ts';

/** The type of a packet as relays send it. */
const PAYLOAD_TYPE = 'application/pkarr.org/relays#payload';

/** Octets of the signature, which the timestamp follows. */
const TIMESTAMP_AT = 64;

/** Answers GET and HEAD. @throws LookupError, and the reason of the exchange's signal. */
export async function answerGet(
  { request, query, client, signal }: Exchange,
  key: PublicKey,
  { calls, nowWall }: Pick<RelayParts, 'calls' | 'nowWall'>,
): Promise<Reply> {
  const wanted = query.get('policy') ?? 'CacheFirst';
  const policy = policies.find((one) => one === wanted);
  if (policy === undefined)
    return { status: 400, body: `"${wanted}" is not a policy: expected one of ${policies.join(', ')}.\n` };
  const got = await calls.ask('relay-get', { key: key.text, policy, client }, signal);
  switch (got.kind) {
    case 'found':
      return foundReply(got, request.headers, nowWall());
    case 'absent':
      return {
        status: 404,
        body: 'Nothing is published for this key.\n',
        ...(got.invalidSeq !== undefined && {
          headers: { 'pkarr-invalid-signed-packet-seq': String(got.invalidSeq) },
        }),
      };
    case 'limited':
      return limited;
    case 'unreachable':
      return { status: 503, body: `The key could not be looked up: ${got.reason}.\n` };
  }
}

function foundReply(
  { payload, secondsLeft, lastSeen }: Extract<RelayGot, { readonly kind: 'found' }>,
  asked: Exchange['request']['headers'],
  nowWall: number,
): Reply {
  const timestamp: Timestamp = Buffer.from(payload).readBigUInt64BE(TIMESTAMP_AT);
  const etag = etagOf(timestamp, payload);
  const modified = httpDate(timestamp);
  const seen = lastSeen === undefined ? undefined : httpDate(BigInt(Math.floor(lastSeen)) * 1000n);
  const headers = {
    'content-type': PAYLOAD_TYPE,
    // pkarr-relay says the whole time to live, so that a packet goes stale for up to twice of it.
    'cache-control': `public, max-age=${secondsLeft}`,
    etag,
    ...(modified !== undefined && { 'last-modified': modified }),
    // RFC 7089 §2.1.1: when it was known to be so.
    ...(seen !== undefined && { 'memento-datetime': seen }),
  };
  switch (judgeConditions(asked, { etag, timestamp }, nowWall)) {
    case 'met':
      return { status: 200, headers, body: payload };
    // RFC 9110 §15.4.5: a 304 has the headers that 200 would have.
    case 'has-it':
      return { status: 304, headers };
    case 'other-packet':
      return changed;
  }
}
