import { bitsOf, hasAnswered, type LookupMap } from './lookup-map.ts';

/** The map for `--json`. Timestamps are digits, since they do not fit a number. */
export function mapToJson({ nodes, relays, fartherHolders, networkNodes }: LookupMap) {
  return {
    nearest: nodes.map(({ address, near, says, timestamp, hasToken }) => ({
      address,
      sharedBits: near.sharedBits,
      distanceLog2: -bitsOf(near),
      isIdSecure: near.isSecure,
      says,
      ...(timestamp !== undefined && { timestamp: String(timestamp) }),
      isTokenGiven: hasToken,
    })),
    relaysAsked: relays.map(({ label, says, timestamp, reason }) => ({
      label,
      says,
      ...(timestamp !== undefined && { timestamp: String(timestamp) }),
      ...(reason !== undefined && { reason }),
    })),
    nearestAnswered: nodes.filter(hasAnswered).length,
    nearestHeld: nodes.filter(({ says }) => says === 'newest').length,
    fartherHeld: fartherHolders,
    ...(networkNodes !== undefined && { networkNodes: Math.round(networkNodes) }),
  };
}
