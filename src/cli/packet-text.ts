import { recordToText } from '../dns/presentation.ts';
import type { Choice } from '../find/choice.ts';
import { MAX_READ_BYTES } from '../pkarr/packet-message.ts';
import type { SignedPacket } from '../pkarr/signed-packet.ts';
import { ageToText, timestampToText } from './time-text.ts';

/** What a command knows of a packet and of the nodes that were asked for it, as JSON shows it. */
export function packetFacts(packet: SignedPacket, choice: Choice, now: number) {
  const { asked, answered } = choice.observed;
  return {
    key: packet.key.text,
    signature: Buffer.from(packet.signature).toString('hex'),
    timestamp: String(packet.timestamp),
    date: timestampToText(packet.timestamp),
    ageSeconds: Math.floor(now / 1000 - Number(packet.timestamp / 1_000_000n)),
    bytes: packet.size,
    maxBytes: MAX_READ_BYTES,
    nodes: { asked, answered, held: choice.heldBy, heldOlder: choice.behind },
  };
}

/** The same as comments of a zone file, so that what is printed can be published again. */
export function packetComments(packet: SignedPacket, choice: Choice, now: number): string {
  const { signature, timestamp, date, bytes, maxBytes, nodes } = packetFacts(packet, choice, now);
  const older = nodes.heldOlder === 0 ? '' : `, ${nodes.heldOlder} hold an older packet`;
  const unusable =
    choice.unusableSeq === undefined || choice.unusableSeq < packet.timestamp
      ? []
      : [['note', `the key also published something newer (${choice.unusableSeq}) that is no packet`]];
  return [
    ['key', packet.key.text],
    ['signature', signature],
    ['timestamp', `${date} (${timestamp})`],
    ['age', ageToText(packet.timestamp, now)],
    ['size', `${bytes} of ${maxBytes} bytes`],
    ['held by', `${nodes.held} of ${nodes.answered} nodes that answered${older}`],
    ...unusable,
  ]
    .map(([label = '', text]) => `; ${label.padEnd(10)}${text}\n`)
    .join('');
}

/** Records as lines of a zone file. */
export function recordLines(records: readonly Parameters<typeof recordToText>[0][]): string {
  return records.map((record) => `${recordToText(record)}\n`).join('');
}
