import { relayFailureToText } from '../relay/client.ts';
import type { PublishOutcome } from './packet-sink.ts';
import type { RelayReport } from './relay-sink.ts';

/** What became of a packet at all nodes and relays. */
export interface PutReport {
  /** Of the nodes of the DHT; all 0 when it is off or could not be used. */
  readonly nodes: PublishOutcome;
  /** Why the DHT could not be used. */
  readonly nodesFailure: string | undefined;
  readonly relays: readonly RelayReport[];
}

/** Nodes and relays that hold the packet. */
export function holdersOf({ nodes, relays }: PutReport): { readonly nodes: number; readonly relays: number } {
  return {
    nodes: nodes.stored + nodes.alreadyHeld,
    relays: relays.filter(({ outcome }) => outcome.kind === 'stored').length,
  };
}

/** Lines for people: `19 of 20 nodes hold it; 1 did not answer.` and the same for relays, if there are any. */
export function putReportToText(report: PutReport): readonly string[] {
  const { nodes, nodesFailure, relays } = report;
  const held = holdersOf(report);
  const ofRelays = relays.flatMap(relayToText).join('; ');
  const line = (count: number, asked: number, what: string, rest: string) =>
    `${count} of ${asked} ${what}${asked === 1 ? '' : 's'} hold${count === 1 ? 's' : ''} it${rest === '' ? '' : `; ${rest}`}.`;
  return [
    ...(nodesFailure !== undefined ? [`No node holds it: ${nodesFailure}.`] : []),
    ...(nodes.asked > 0 ? [line(held.nodes, nodes.asked, 'node', answersToText(nodes))] : []),
    ...(relays.length > 0 ? [line(held.relays, relays.length, 'relay', ofRelays)] : []),
  ];
}

/** What became of a packet at the nodes that did not store it: `2 refused (error 205), 1 did not answer`; empty if all did. */
export function answersToText({ refused, silent, failed }: PublishOutcome): string {
  const parts = Object.entries(refused).map(([code, count]) => `${count} refused (error ${code})`);
  if (silent > 0) parts.push(`${silent} did not answer`);
  if (failed > 0) parts.push(`${failed} could not be asked`);
  return parts.join(', ');
}

/** Why a relay does not hold the packet; empty if it does. */
export function relayToText({ label, outcome }: RelayReport): readonly string[] {
  switch (outcome.kind) {
    case 'stored':
      return [];
    case 'conflict':
      return [`${label} knows a newer packet`];
    case 'rejected':
      return [`${label} refused the packet (status ${outcome.status})`];
    case 'failed':
      return [`${label}: ${relayFailureToText(outcome.failure)}`];
  }
}
