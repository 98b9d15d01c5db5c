import { Type } from '../../dns/codes.ts';
import type { ResourceRecord } from '../../dns/record.ts';
import { syntheticSoa } from '../../dns/soa.ts';
import type { SignedPacket } from '../signed-packet.ts';
import type { DecodedZone } from './decoded-zone.ts';

/**
 * The zone's SOA record: the packet's own when it holds one at its apex, otherwise a synthetic one whose SERIAL is the
 * packet's time in seconds, and whose TTL and MINIMUM are `negativeTtl` seconds.
 */
export function zoneSoa(packet: SignedPacket, zone: DecodedZone, negativeTtl: number): ResourceRecord {
  const own = zone.node(packet.key.name)?.get(Type.SOA)?.[0];
  if (own !== undefined) return own;
  // RFC 1982 arithmetic: SERIAL has 32 bits and may wrap.
  const serial = Number(BigInt.asUintN(32, packet.timestamp / 1_000_000n));
  return syntheticSoa(packet.key.name, serial, negativeTtl);
}
