import { orAborted } from '../async/or-aborted.ts';
import { MainlineError } from '../mainline/errors.ts';
import type { SignedPacket } from '../pkarr/signed-packet.ts';
import type { RelayClient } from '../relay/client.ts';
import type { PacketSink, PublishOutcome } from './packet-sink.ts';
import { PublishError } from './publish-error.ts';
import { answersToText, holdersOf, type PutReport, relayToText } from './put-report.ts';
import { publishToRelays } from './relay-sink.ts';

/** Where packets are put. */
export interface Destinations {
  /** The DHT; undefined when it is off. */
  readonly sink: PacketSink | undefined;
  readonly relays: readonly RelayClient[];
}

/** Milliseconds that the DHT has; a put takes a lookup and one more round. */
const PATIENCE = 25_000;

const nobody: PublishOutcome = {
  asked: 0,
  stored: 0,
  alreadyHeld: 0,
  refused: {},
  silent: 0,
  failed: 0,
  conflict: false,
};

/**
 * Puts a packet to the DHT and to every relay at once.
 * @throws PublishError when nobody holds it afterwards, or when most nodes hold something newer; the reason of the signal.
 */
export async function putPacket(
  packet: SignedPacket,
  { sink, relays }: Destinations,
  options: { readonly signal: AbortSignal; readonly patience?: number },
): Promise<PutReport> {
  const [dht, reports] = await Promise.all([
    sink === undefined ? { nodes: nobody, nodesFailure: undefined } : toNodes(packet, sink, options),
    publishToRelays(relays, packet, { signal: options.signal }),
  ]);
  const delivery = { ...dht, relays: reports };
  const problem = problemOf(delivery);
  if (problem !== undefined) throw problem;
  return delivery;
}

async function toNodes(
  packet: SignedPacket,
  sink: PacketSink,
  { signal, patience = PATIENCE }: { readonly signal: AbortSignal; readonly patience?: number },
): Promise<Pick<PutReport, 'nodes' | 'nodesFailure'>> {
  const late = AbortSignal.timeout(patience);
  const either = AbortSignal.any([signal, late]);
  try {
    return {
      nodes: await orAborted(sink.publish(packet, { signal: either }), either),
      nodesFailure: undefined,
    };
  } catch (error) {
    signal.throwIfAborted();
    if (late.aborted)
      return { nodes: nobody, nodesFailure: `the DHT did not answer within ${patience / 1000} s` };
    if (error instanceof MainlineError) return { nodes: nobody, nodesFailure: error.message };
    throw error;
  }
}

function problemOf(delivery: PutReport): PublishError | undefined {
  const { nodes, nodesFailure, relays } = delivery;
  if (nodes.conflict) return new PublishError('conflict', conflictText(nodes.newestSeq), delivery);
  const held = holdersOf(delivery);
  if (held.nodes + held.relays > 0) return undefined;
  if (relays.some(({ outcome }) => outcome.kind === 'conflict')) {
    return new PublishError('conflict', conflictText(undefined), delivery);
  }
  const ofRelays = relays.flatMap(relayToText);
  if (nodes.asked === 0) {
    const reasons = [...(nodesFailure === undefined ? [] : [nodesFailure]), ...ofRelays];
    const why = reasons.length === 0 ? '' : `: ${reasons.join('; ')}`;
    const wasAsked = relays.some(({ outcome }) => outcome.kind === 'rejected');
    const message = `No node or relay that could store the packet was found${why}.`;
    return new PublishError(wasAsked ? 'not-stored' : 'unreachable', message, delivery);
  }
  const reasons = [answersToText(nodes), ...ofRelays].filter((text) => text !== '').join('; ');
  return new PublishError(
    'not-stored',
    `None of ${nodes.asked} nodes stored the packet: ${reasons}.`,
    delivery,
  );
}

function conflictText(newest: bigint | undefined): string {
  const which = newest === undefined ? '' : ` (${newest})`;
  return `Somebody published a newer packet${which} with this key in the meantime; look at it and publish again.`;
}
