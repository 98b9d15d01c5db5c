import { MAX_PUBLISH_BYTES } from '../../pkarr/packet-message.ts';
import { timestampToText } from '../../pkarr/timestamp-text.ts';
import type { Published } from '../../publish/publish.ts';
import { holdersOf, putReportToText, relayToText } from '../../publish/put-report.ts';
import type { RelayReport } from '../../publish/relay-sink.ts';
import { secondsText } from '../living-line.ts';

/** What was published, for `--json`. */
export function publishedToJson({ packet, previous, report, isAdopted }: Published) {
  const { nodes, nodesFailure, relays } = report;
  const { asked, stored, alreadyHeld, silent, failed, refused } = nodes;
  const held = holdersOf(report);
  return {
    key: packet.key.text,
    timestamp: packet.timestamp,
    date: timestampToText(packet.timestamp),
    bytes: packet.size,
    maxBytes: MAX_PUBLISH_BYTES,
    ...(previous !== undefined && {
      previousPacket: { timestamp: previous.timestamp, date: timestampToText(previous.timestamp) },
    }),
    isAdopted,
    nodes: {
      ...{ asked, held: held.nodes, stored, alreadyHeld, silent, failed, refusedByCode: refused },
      ...(nodesFailure !== undefined && { problem: nodesFailure }),
    },
    relays: { asked: relays.length, held: held.relays, outcomes: relays.map(relayToJson) },
  };
}

function relayToJson(report: RelayReport) {
  const [text] = relayToText(report);
  return { label: report.label, outcome: report.outcome.kind, ...(text !== undefined && { text }) };
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
