import type { SourceStep } from '../../../find/lookup-step.ts';
import type { Nearness } from '../../../mainline/dht-node.ts';

/** What a node or relay says of a key. */
export type Saying =
  /** It returned the newest packet, or an older one. */
  | 'newest'
  | 'older'
  /** It returned an item that is signed by the key and newer, but no packet of DNS records. */
  | 'unusable'
  | 'nothing'
  /** It returned something that the key did not sign. */
  | 'invalid'
  /** An error, or an invalid message. */
  | 'refused'
  /** Nothing before the lookup ended. */
  | 'silent';

/** A node that was asked. */
export interface MappedNode {
  readonly address: string;
  /** Of the id that it answered with; of a silent one that by which others know it. */
  readonly near: Nearness;
  readonly says: Saying;
  /** Of what it returned. */
  readonly timestamp?: bigint;
  /** It gave a write token, so that it takes packets. */
  readonly hasToken: boolean;
}

/** A relay that was asked. */
export interface MappedRelay {
  readonly label: string;
  readonly says: Saying | 'failed';
  readonly timestamp?: bigint;
  /** Why it failed, as a clause. */
  readonly reason?: string;
}

/** Who holds the packet of a key, and how near they are. */
export interface LookupMap {
  /** The nearest nodes, nearest first; silent ones among them. */
  readonly nodes: readonly MappedNode[];
  readonly relays: readonly MappedRelay[];
  /** The newest timestamp that anybody returned with a packet. */
  readonly newest: bigint | undefined;
  /** Nodes that are not among the nearest, and hold the newest packet. */
  readonly fartherHolders: number;
  /** About how many nodes the DHT has. */
  readonly networkNodes: number | undefined;
}

/**
 * The nodes that an item is put to (see mainline's `Closest`): twenty that answered and whose ids fit their addresses, and up to
 * twenty others that answered among them.
 */
const NEAREST = 20;

/** Makes the map from all that was seen in a whole lookup; `newest` is the timestamp of the packet that was found. */
export function mapOf(steps: readonly SourceStep[], newest: bigint | undefined): LookupMap {
  const all = mappedNodes(steps, newest).sort(byDistance);
  const nodes = nearestOf(all);
  const shown = new Set(nodes);
  const sizes = steps.flatMap((step) => (step.of === 'network' ? [step.nodes] : []));
  return {
    nodes,
    relays: mappedRelays(steps, newest),
    newest,
    fartherHolders: all.filter((node) => node.says === 'newest' && !shown.has(node)).length,
    networkNodes: sizes.at(-1),
  };
}

/** Whether it has answered the question. */
export function hasAnswered({ says }: Pick<MappedNode, 'says'>): boolean {
  return says !== 'silent' && says !== 'refused';
}

/** How near a node is: leading bits in common with the target, and the part of the next one. */
export function bitsOf({ distance, sharedBits }: Nearness): number {
  return distance > 0 ? -Math.log2(distance) : sharedBits;
}

function mappedNodes(steps: readonly SourceStep[], newest: bigint | undefined): MappedNode[] {
  const nodes = new Map<string, MappedNode>();
  for (const step of steps) {
    if (step.of === 'node-asked' && step.near !== undefined) {
      const { address, near } = step;
      nodes.set(address, { address, near, says: 'silent', hasToken: false });
    }
    if (step.of !== 'node') continue;
    const { address, found } = step;
    const near = found.near ?? nodes.get(address)?.near;
    if (near === undefined) continue;
    const { outcome, seq, hasToken = false } = found;
    const says = outcome === 'item' || outcome === 'seq' ? sayingOf(seq, newest) : outcome;
    nodes.set(address, { address, near, says, hasToken, ...(seq !== undefined && { timestamp: seq }) });
  }
  return [...nodes.values()];
}

function mappedRelays(steps: readonly SourceStep[], newest: bigint | undefined): readonly MappedRelay[] {
  const relays = new Map<string, MappedRelay>();
  for (const step of steps) {
    if (step.of === 'relay-asked') relays.set(step.label, { label: step.label, says: 'silent' });
    if (step.of !== 'relay') continue;
    const { label, found } = step;
    if (found.outcome === 'failed') relays.set(label, { label, says: 'failed', reason: found.text });
    else if (found.outcome === 'item')
      relays.set(label, { label, says: sayingOf(found.seq, newest), timestamp: found.seq });
    else relays.set(label, { label, says: found.outcome === 'seq' ? 'older' : found.outcome });
  }
  return [...relays.values()];
}

function sayingOf(timestamp: bigint | undefined, newest: bigint | undefined): Saying {
  if (timestamp === undefined || newest === undefined || timestamp > newest) return 'unusable';
  return timestamp === newest ? 'newest' : 'older';
}

function nearestOf(sorted: readonly MappedNode[]): readonly MappedNode[] {
  const counts = { secure: 0, others: 0 };
  const nearest: MappedNode[] = [];
  for (const node of sorted) {
    if (counts.secure === NEAREST) break;
    // At most 256 nodes are asked.
    if (!hasAnswered(node)) {
      nearest.push(node);
      continue;
    }
    const kind = node.near.isSecure ? 'secure' : 'others';
    if (counts[kind] === NEAREST) continue;
    counts[kind]++;
    nearest.push(node);
  }
  return nearest;
}

function byDistance({ near: one }: MappedNode, { near: other }: MappedNode): number {
  return one.distance - other.distance || other.sharedBits - one.sharedBits;
}
