import type { IncomingHttpHeaders } from 'node:http';
import type { PublicKey } from '../../pkarr/public-key.ts';
import { type PacketRefusal, SignedPacket } from '../../pkarr/signed-packet.ts';
import type { Timestamp } from '../../pkarr/timestamp.ts';
import { limits } from '../limits.ts';
import { BodyError, readBody } from '../routing/read-body.ts';
import type { Reply } from '../routing/respond.ts';
import type { Exchange } from '../routing/route.ts';
import { putConditions } from './conditions.ts';
import { changed, limited } from './refusals.ts';
import type { RelayParts } from './relay-parts.ts';

/** Microseconds: a day covers time zones that are set wrong. */
const FAR_AHEAD = 86_400_000_000n;

/** Signature, timestamp, and at most 1000 octets of a message. */
const MAX_PAYLOAD = 64 + 8 + 1000;

/** Answers PUT. @throws LookupError, and the reason of the exchange's signal. */
export async function answerPut(
  { request, client, signal }: Exchange,
  key: PublicKey,
  { calls, nowWall }: Pick<RelayParts, 'calls' | 'nowWall'>,
): Promise<Reply> {
  const refusal = contentRefusal(request.headers);
  if (refusal !== undefined) return refusal;
  let payload: Uint8Array;
  try {
    payload = await readBody(request, { octets: MAX_PAYLOAD, milliseconds: limits.bodyMs, signal });
  } catch (error) {
    if (error instanceof BodyError) return bodyReply(error);
    throw error;
  }
  // Verified here, in a thread that DNS does not wait for, before the main thread hears of it.
  const verdict = SignedPacket.fromRelayPayload(key, payload);
  if (!verdict.ok) return { status: 400, body: `${refusals[verdict.reason]}\n` };
  const conditions = putConditions(request.headers);
  const question = { key: key.text, payload, client, ...(conditions !== undefined && { conditions }) };
  const stored = await calls.ask('relay-put', question, signal);
  switch (stored.kind) {
    case 'stored':
      return {
        status: 204,
        headers: {
          'pkarr-dht-stored-nodes': String(stored.nodes),
          ...aheadWarning(verdict.packet.timestamp, BigInt(nowWall()) * 1000n),
        },
      };
    case 'older':
      return { status: 409, body: 'A newer packet of this key is known.\n' };
    case 'changed':
      return changed;
    case 'limited':
      return limited;
    case 'failed':
      return { status: 500, body: `${stored.reason}\n` };
    case 'unreachable':
      return { status: 503, body: `Which packet is published could not be looked up: ${stored.reason}.\n` };
  }
}

/**
 * Says of a packet that is dated far ahead what that means. It is taken, as everybody takes it (a DHT has no clock), and only the owner of
 * the key can have signed it.
 */
function aheadWarning(timestamp: Timestamp, now: Timestamp): Readonly<Record<string, string>> {
  if (timestamp <= now + FAR_AHEAD) return {};
  const days = (timestamp - now) / FAR_AHEAD;
  return {
    'pkarr-warning': `dated ${days} days ahead; nothing with an earlier date takes the place of this packet`,
  };
}

/** Why a body is not taken, whatever is in it. */
function contentRefusal(headers: IncomingHttpHeaders): Reply | undefined {
  // RFC 9110 §14.5: "SHOULD respond with a 400 (Bad Request) status code if it receives Content-Range on a PUT".
  if (headers['content-range'] !== undefined)
    return { status: 400, body: 'A packet is put as a whole, and not in ranges.\n' };
  const coding = headers['content-encoding'];
  if (coding === undefined || coding.toLowerCase() === 'identity') return undefined;
  // RFC 9110 §15.5.16.
  return {
    status: 415,
    headers: { 'accept-encoding': 'identity' },
    body: 'A packet is put without a coding.\n',
  };
}

function bodyReply({ kind }: BodyError): Reply {
  if (kind === 'too-large')
    return { status: 413, body: `A signed packet has at most ${MAX_PAYLOAD} octets here.\n` };
  // RFC 9110 §15.5.9: since it does not wait any longer, the server says "close".
  const headers = { connection: 'close' };
  return { status: 408, headers, body: `The body did not come within ${limits.bodyMs / 1000} s.\n` };
}

/** Each refusal for people. */
const refusals: Readonly<Record<PacketRefusal, string>> = {
  'too-short': 'This is no signed packet: it begins with 64 octets of signature and 8 of timestamp.',
  'too-large': 'The DNS message has more than 1000 octets.',
  'bad-key': 'The packet is of another key.',
  'bad-timestamp': 'The timestamp is not between 0 and 2^63 - 1.',
  'bad-signature': 'The signature is not that of the key over this timestamp and message.',
  'bad-dns-message': 'What is signed is not a DNS message.',
};
