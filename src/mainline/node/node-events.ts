import { parseIpv4 } from '../addresses.ts';
import type { LookupEvent, Nearness, NodeAddress, NodeEvent, NodeFinding } from '../dht-node.ts';
import type { AskOutcome } from '../socket/krpc-socket.ts';
import type { AskedNode } from '../traversal/traversal.ts';
import { distanceOf, isSecureNodeId, sharedBits } from '../wire/node-id.ts';

/** What somebody who watches is told when a node is asked for what is under `target` (20 bytes). */
export function askedEvent({ id, host, port }: AskedNode, target: Uint8Array): NodeEvent {
  const from = { host, port };
  return { kind: 'asked', from, ...(id !== undefined && { near: nearnessOf(id, host, target) }) };
}

/**
 * The same of what came of it. `event` is what the answer was to a lookup, if anything: only a lookup tells a valid item from an invalid
 * one.
 */
export function nodeEvent(
  { host, port }: NodeAddress,
  outcome: AskOutcome,
  target: Uint8Array,
  event: LookupEvent | undefined,
): NodeEvent {
  // The address alone, which can be sent to another thread.
  return { kind: 'node', from: { host, port }, found: findingOf(host, outcome, target, event) };
}

function findingOf(
  host: string,
  outcome: AskOutcome,
  target: Uint8Array,
  event: LookupEvent | undefined,
): NodeFinding {
  if (outcome.kind !== 'reply') {
    const isAnswer = outcome.kind === 'refused' || outcome.kind === 'malformed';
    return { outcome: isAnswer ? 'refused' : 'silent' };
  }
  const { id, token, stored } = outcome.reply;
  const node = {
    near: nearnessOf(id, host, target),
    ...(token !== undefined && { hasToken: true as const }),
  };
  switch (event?.kind) {
    case 'item':
      return { outcome: 'item', seq: event.item.seq, ...node };
    case 'confirmation':
      return { outcome: 'seq', seq: event.seq, ...node };
    default:
      return { outcome: stored.kind === 'nothing' ? 'nothing' : 'invalid', ...node };
  }
}

function nearnessOf(id: Uint8Array, host: string, target: Uint8Array): Nearness {
  return {
    sharedBits: sharedBits(id, target),
    distance: distanceOf(id, target),
    isSecure: isSecureNodeId(id, parseIpv4(host) ?? 0),
  };
}
