import { bitsOf, hasAnswered, type LookupMap } from './lookup-map.ts';

/** The map for `--json`. Timestamps are digits, since they do not fit a number. */
export function mapToJson({ nodes, relays, fartherHolders, networkNodes }: LookupMap) {
  return {
    nodes: nodes.map(({ address, near, says, timestamp, hasToken }) => ({
      node: address,
      sharedBits: near.sharedBits,
      distanceLog2: -bitsOf(near),
      idFitsAddress: near.isSecure,
      says,
      ...(timestamp !== undefined && { timestamp: String(timestamp) }),
      gaveToken: hasToken,
    })),
    relays: relays.map(({ label, says, timestamp, reason }) => ({
      relay: label,
      says,
      ...(timestamp !== undefined && { timestamp: String(timestamp) }),
      ...(reason !== undefined && { reason }),
    })),
    nearestAnswered: nodes.filter(hasAnswered).length,
    nearestHolding: nodes.filter(({ says }) => says === 'newest').length,
    fartherHolding: fartherHolders,
    ...(networkNodes !== undefined && { networkNodes: Math.round(networkNodes) }),
  };
}
