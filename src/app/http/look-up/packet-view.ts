import { typeToText } from '../../../dns/codes.ts';
import type { Name } from '../../../dns/name.ts';
import { rdataToText } from '../../../dns/presentation/rdata-text.ts';
import type { LookupStep } from '../../../find/lookup-step.ts';
import { hexOf } from '../../../octets/text.ts';
import type { Asked, NetworkEnd, PacketView } from '../../../page/look-up/step.ts';
import { MAX_PUBLISH_BYTES } from '../../../pkarr/packet-message.ts';
import type { SignedPacket } from '../../../pkarr/signed-packet.ts';
import { ageToText, timestampToText } from '../../../pkarr/timestamp-text.ts';
import type { PacketReadOutcome } from '../../../resolve/packet-reader.ts';

/** A packet for the page. `now`: milliseconds since 1970. */
export function packetView(packet: SignedPacket, now: number, atMs: number): PacketView {
  const { key, timestamp, signature, message } = packet;
  return {
    key: key.text,
    signature: hexOf(signature),
    message: hexOf(message),
    timestamp: String(timestamp),
    date: timestampToText(timestamp),
    age: ageToText(timestamp, now),
    octets: packet.size,
    maxOctets: MAX_PUBLISH_BYTES,
    records: packet.records.map(({ name, ttl, type, rdata }) => ({
      name: relativeName(name, key.name),
      ttl,
      type: typeToText(type),
      data: rdataToText(type, rdata),
    })),
    atMs,
  };
}

/** A step of a lookup for the page. */
export function askedView(step: LookupStep, atMs: number): Asked {
  if (step.of === 'node') {
    const { outcome, seq, near } = step.found;
    return {
      who: 'node',
      label: step.address,
      atMs,
      said: outcome,
      ...(seq !== undefined && { timestamp: String(seq) }),
      ...(near !== undefined && { sharedBits: near.sharedBits }),
    };
  }
  const { label, found } = step;
  const said = found.outcome === 'failed' ? 'silent' : found.outcome;
  return {
    who: 'relay',
    label,
    atMs,
    said,
    ...(found.outcome === 'item' && { timestamp: String(found.seq) }),
  };
}

/** The end of a lookup for the page. */
export function networkEnd(outcome: PacketReadOutcome, atMs: number): NetworkEnd {
  switch (outcome.kind) {
    case 'found':
      return { outcome: 'found', againInSeconds: outcome.timeToLive, atMs };
    case 'absent':
      return { outcome: 'absent', againInSeconds: outcome.seconds, atMs };
    case 'unreachable':
      return { outcome: 'unreachable', text: outcome.reason, atMs };
    default:
      return { outcome: outcome.kind, atMs };
  }
}

function relativeName(name: Name, apex: Name): string {
  if (name.equals(apex)) return '@';
  const text = name.toString();
  return text.slice(0, -apex.toString().length - 1);
}
