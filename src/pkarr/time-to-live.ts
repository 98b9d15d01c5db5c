import type { SignedPacket } from './signed-packet.ts';

/**
 * Seconds for which a packet is fresh after it was last seen in the network: the smallest TTL of its records, clamped to
 * `minimum` and `maximum`; `minimum` for a packet without records.
 */
export function packetTimeToLive(
  packet: SignedPacket,
  bounds: { readonly minimum: number; readonly maximum: number },
): number {
  return Math.max(bounds.minimum, Math.min(bounds.maximum, packet.smallestTtl ?? bounds.minimum));
}
