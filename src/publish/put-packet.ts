import { orAborted } from '../async/or-aborted.ts';
import { type PacketSource, SourceError } from '../find/packet-source.ts';
import type { PutEvent } from '../mainline/dht-node.ts';
import type { SignedPacket } from '../pkarr/signed-packet.ts';
import type { RelayClient } from '../relay/client.ts';
import type { PacketSink, PublishOutcome } from './packet-sink.ts';
import { PublishError } from './publish-error.ts';
import { answersToText, holdersOf, type PutReport, relayToText } from './put-report.ts';
import { publishToRelays, type RelayObserver } from './relay-sink.ts';

/** Where packets are put. */
export interface Destinations {
  /** The DHT; undefined when it is off. */
  readonly sink: PacketSink | undefined;
  readonly relays: readonly RelayClient[];
}

/** Where packets are put, and where the newest of a key is looked for before: all of `sources` are asked. */
export interface PublishNetwork extends Destinations {
  readonly sources: readonly PacketSource[];
}

/** Milliseconds for the DHT; a put takes a lookup and one more round trip. */
const PATIENCE = 25_000;

/** See {@link putPacket}. */
export interface PutPacketOptions {
  /** Are told what goes on. */
  readonly observeNode?: ((event: PutEvent) => void) | undefined;
  readonly observeRelay?: RelayObserver | undefined;
  readonly signal: AbortSignal;
  /** Milliseconds for the DHT. */
  readonly patience?: number;
}

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
 * @throws PublishError when nobody holds it afterwards, or when most nodes or all relays hold something newer; the reason
 * of the signal.
 */
export async function putPacket(
  packet: SignedPacket,
  { sink, relays }: Destinations,
  options: PutPacketOptions,
): Promise<PutReport> {
  const [dht, reports] = await Promise.all([
    sink === undefined ? { nodes: nobody, nodesFailure: undefined } : toNodes(packet, sink, options),
    publishToRelays(relays, packet, { signal: options.signal, observe: options.observeRelay }),
  ]);
  const report = { ...dht, relays: reports };
  const problem = problemOf(report);
  if (problem !== undefined) throw problem;
  return report;
}

async function toNodes(
  packet: SignedPacket,
  sink: PacketSink,
  { signal, observeNode: observe, patience = PATIENCE }: PutPacketOptions,
): Promise<Pick<PutReport, 'nodes' | 'nodesFailure'>> {
  const late = AbortSignal.timeout(patience);
  const either = AbortSignal.any([signal, late]);
  try {
    return {
      nodes: await orAborted(sink.publish(packet, { observe, signal: either }), either),
      nodesFailure: undefined,
    };
  } catch (error) {
    signal.throwIfAborted();
    if (late.aborted)
      return { nodes: nobody, nodesFailure: `the DHT did not respond within ${patience / 1000} s` };
    if (error instanceof SourceError) return { nodes: nobody, nodesFailure: error.message };
    throw error;
  }
}

function problemOf(report: PutReport): PublishError | undefined {
  const { nodes, nodesFailure, relays } = report;
  if (nodes.conflict) return new PublishError('conflict', conflictText(nodes.newestSeq), { report });
  // Nodes may have lost the newer packet that relays still have; readers who ask a relay get that one.
  if (isConflictOfRelays(report)) return new PublishError('conflict', conflictText(undefined), { report });
  const held = holdersOf(report);
  if (held.nodes + held.relays > 0) return undefined;
  if (relays.some(({ outcome }) => outcome.kind === 'conflict'))
    return new PublishError('conflict', conflictText(undefined), { report });
  const ofRelays = relays.flatMap(relayToText);
  if (nodes.asked === 0) {
    const reasons = [...(nodesFailure === undefined ? [] : [nodesFailure]), ...ofRelays];
    const why = reasons.length === 0 ? '' : `: ${reasons.join('; ')}`;
    const wasAsked = relays.some(({ outcome }) => outcome.kind === 'rejected');
    const message = `No DHT node or relay stored the packet${why}.`;
    return new PublishError(wasAsked ? 'not-stored' : 'unreachable', message, { report });
  }
  const reasons = [answersToText(nodes), ...ofRelays].filter((text) => text !== '').join('; ');
  return new PublishError('not-stored', `None of ${nodes.asked} DHT nodes stored the packet: ${reasons}.`, {
    report,
  });
}

/** Whether some relay says that it knows a newer packet, and none has stored this one. */
function isConflictOfRelays({ relays }: PutReport): boolean {
  const hasStored = relays.some(({ outcome }) => outcome.kind === 'stored');
  return (
    !hasStored && relays.some(({ outcome }) => outcome.kind === 'conflict' && outcome.reason !== 'must-say')
  );
}

function conflictText(newest: bigint | undefined): string {
  const which = newest === undefined ? '' : ` (${newest})`;
  return `A newer packet${which} was published with this key in the meantime. Publish again after looking at it.`;
}
