import type { PublicKey } from '../../pkarr/public-key.ts';
import { type PacketRefusal, SignedPacket } from '../../pkarr/signed-packet.ts';
import type { RelayCalls } from '../calls/relay-calls.ts';
import type { RemoteCalls } from '../calls/remote-calls.ts';
import { limits } from '../limits.ts';
import { BodyError, readBody } from '../routing/read-body.ts';
import type { Reply } from '../routing/respond.ts';
import type { Exchange } from '../routing/route.ts';
import { putConditions } from './conditions.ts';
import { changed, limited } from './refusals.ts';

/** Signature, timestamp, and at most 1000 octets of a message. */
const MAX_PAYLOAD = 64 + 8 + 1000;

/** Answers PUT. @throws LookupError, and the reason of the exchange's signal. */
export async function answerPut(
  { request, client, signal }: Exchange,
  key: PublicKey,
  calls: Pick<RemoteCalls<RelayCalls>, 'ask'>,
): Promise<Reply> {
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
      return { status: 204, headers: { 'pkarr-dht-stored-nodes': String(stored.nodes) } };
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
