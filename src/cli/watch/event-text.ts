import { plural } from '../../observe/count-text.ts';
import { recordChanges } from '../../pkarr/record-changes.ts';
import { ageToText, timestampToText } from '../../pkarr/timestamp-text.ts';
import type { WatchEvent } from './watch-event.ts';

/** An event as a value that JSON can hold, for a program. */
export function eventToJson({ kind, packet, before, held, heldBefore, answered, ageSeconds }: WatchEvent) {
  return {
    event: kind,
    key: packet.key.text,
    timestamp: String(packet.timestamp),
    date: timestampToText(packet.timestamp),
    ageSeconds,
    bytes: packet.size,
    lookup: { answered, held, ...(heldBefore !== undefined && { heldBefore }) },
    ...(before !== undefined && {
      previousPacket: { timestamp: String(before.timestamp), date: timestampToText(before.timestamp) },
    }),
    ...(kind === 'found' || kind === 'changed' ? recordChanges(before, packet) : {}),
    packet: Buffer.from(packet.toBytes()).toString('hex'),
  };
}

/** An event in one line. @param name what was watched, as it was given. @param now milliseconds since 1970. */
export function eventToText(name: string, event: WatchEvent, now: number): string {
  return `${new Date(now).toISOString()}  ${name}  ${event.kind}: ${sentenceOf(event, now)}\n`;
}

function sentenceOf(event: WatchEvent, now: number): string {
  const { kind, packet, before, held, heldBefore = 0, answered } = event;
  const of = `the packet of ${timestampToText(packet.timestamp)}`;
  const holders = `held by ${held} of ${plural(answered, 'node')} that answered`;
  switch (kind) {
    case 'found':
      return `${of}, ${plural(packet.records.length, 'record')}, ${packet.size} bytes, ${holders}`;
    case 'changed': {
      const { added, removed } = recordChanges(before, packet);
      const changes = `${plural(added.length, 'record')} added, ${removed.length} removed`;
      return `${of}, ${changes}, ${packet.size} bytes, ${holders}`;
    }
    case 'aged':
      return `${of} was not signed anew for ${ageToText(packet.timestamp, now)}, ${holders}`;
    case 'fewer-nodes':
      return `${of} is ${holders}; it was held by ${heldBefore}`;
    case 'gone':
      return `${of} is held by nobody: ${plural(answered, 'node')} answered and have nothing`;
  }
}
