import { recordToText } from '../dns/presentation/rdata-text.ts';
import type { LookupState } from '../find/lookup-state.ts';
import { MAX_PUBLISH_BYTES } from '../pkarr/packet-message.ts';
import type { SignedPacket } from '../pkarr/signed-packet.ts';
import { ageToText, timestampToText } from '../pkarr/timestamp-text.ts';

/** A packet and how many nodes hold it, as JSON. */
export function packetFacts(packet: SignedPacket, state: LookupState, now: number) {
  const { asked, answered } = state.observed;
  return {
    key: packet.key.text,
    signature: Buffer.from(packet.signature).toString('hex'),
    timestamp: String(packet.timestamp),
    date: timestampToText(packet.timestamp),
    ageSeconds: Math.floor(now / 1000 - Number(packet.timestamp / 1_000_000n)),
    bytes: packet.size,
    maxBytes: MAX_PUBLISH_BYTES,
    lookup: { asked, answered, held: state.heldBy, heldOlder: state.behind },
  };
}

/** The same as comments of a zone file, so that the output is a valid zone file. */
export function packetComments(packet: SignedPacket, state: LookupState, now: number): string {
  const { signature, timestamp, date, bytes, maxBytes, lookup } = packetFacts(packet, state, now);
  // Some other programs publish up to the 1000 that are read.
  const size =
    bytes > maxBytes
      ? `${bytes} bytes, more than the ${maxBytes} that can be published safely`
      : `${bytes} of ${maxBytes} bytes`;
  const older = lookup.heldOlder === 0 ? '' : `, ${lookup.heldOlder} hold an older packet`;
  const unusable =
    state.unusableSeq === undefined || state.unusableSeq < packet.timestamp
      ? []
      : [
          [
            'note',
            `the DHT also holds a newer item (seq ${state.unusableSeq}) of this key that is not a packet of DNS records`,
          ],
        ];
  return [
    ['key', packet.key.text],
    ['signature', signature],
    ['timestamp', `${date} (${timestamp})`],
    ['age', ageToText(packet.timestamp, now)],
    ['size', size],
    ['held by', `${lookup.held} of ${lookup.answered} nodes that answered${older}`],
    ...unusable,
  ]
    .map(([label = '', text]) => `; ${label.padEnd(10)}${text}\n`)
    .join('');
}

/** Records in zone file format, one per line. */
export function recordLines(records: readonly Parameters<typeof recordToText>[0][]): string {
  return records.map((record) => `${recordToText(record)}\n`).join('');
}
