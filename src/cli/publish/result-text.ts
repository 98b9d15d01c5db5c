import { MAX_PUBLISH_BYTES } from '../../pkarr/packet-message.ts';
import { timestampToText } from '../../pkarr/timestamp-text.ts';
import type { Published } from '../../publish/publish.ts';
import { holdersOf, putReportToText } from '../../publish/put-report.ts';
import { secondsText } from '../living-line.ts';

/** What was published, for `--json`. */
export function publishedToJson({ packet, previous, report, isAdopted }: Published) {
  const { nodes, relays } = report;
  return {
    key: packet.key.text,
    timestamp: packet.timestamp,
    date: timestampToText(packet.timestamp),
    bytes: packet.size,
    maxBytes: MAX_PUBLISH_BYTES,
    ...(previous !== undefined && { previousTimestamp: previous.timestamp }),
    newerKept: isAdopted,
    heldBy: holdersOf(report),
    nodes,
    relays: relays.map(({ label, outcome }) => ({ relay: label, ...outcome })),
  };
}

/** The same as lines for people. `tookMs`: milliseconds that it took. */
export function publishedToText({ packet, report }: Published, tookMs: number): string {
  return [
    `Published ${packet.size} of ${MAX_PUBLISH_BYTES} bytes under ${packet.key},`,
    `dated ${timestampToText(packet.timestamp)}, in ${secondsText(tookMs)}.`,
    ...putReportToText(report),
    '',
  ].join('\n');
}
