import { Class, Type } from '../../dns/codes.ts';
import { Name } from '../../dns/name.ts';
import type { ResourceRecord } from '../../dns/record.ts';
import { WireWriter } from '../../dns/wire-writer.ts';
import type { SignedPacket } from '../signed-packet.ts';
import { zoneIndex } from './index.ts';

/** RFC 6303 §3: the RNAME of a zone that nobody administers; RFC 6761 §6.4 makes sure that it never exists. */
const RNAME = Name.parse('nobody.invalid.');

/** Seconds, from RFC 6303 §3: no secondary server will ever read them. */
const REFRESH = 3600;
const RETRY = 1200;
const EXPIRE = 604_800;

/**
 * The zone's SOA record: the packet's own when it holds one at its apex, otherwise one made up after RFC 6303 §3,
 * whose MNAME is the zone itself, whose SERIAL is the packet's time in seconds, and whose TTL and MINIMUM are
 * `negativeTtl` seconds.
 */
export function zoneSoa(packet: SignedPacket, negativeTtl: number): ResourceRecord {
  const own = zoneIndex(packet).node(packet.key.name)?.get(Type.SOA)?.[0];
  if (own !== undefined) return own;
  // RFC 1982 arithmetic: SERIAL has 32 bits and may wrap.
  const serial = Number(BigInt.asUintN(32, packet.timestamp / 1_000_000n));
  return syntheticSoa(packet.key.name, serial, negativeTtl);
}

/** The SOA record of a zone that has none of its own: `serial` has 32 bits, `negativeTtl` is seconds. */
export function syntheticSoa(apex: Name, serial: number, negativeTtl: number): ResourceRecord {
  const writer = new WireWriter({ compress: false });
  writer.name(apex);
  writer.name(RNAME);
  for (const field of [serial, REFRESH, RETRY, EXPIRE, negativeTtl]) writer.u32(field);
  return { name: apex, type: Type.SOA, class: Class.IN, ttl: negativeTtl, rdata: writer.written.slice() };
}

/**
 * An SOA record as it stands in the authority section of a negative answer. RFC 2308 §3: "The TTL of this record is
 * set from the minimum of the MINIMUM field of the SOA record and the TTL of the SOA itself".
 */
export function negativeSoa(soa: ResourceRecord): ResourceRecord {
  const { rdata } = soa;
  const minimum = new DataView(rdata.buffer, rdata.byteOffset, rdata.length).getUint32(rdata.length - 4);
  return { ...soa, ttl: Math.min(soa.ttl, minimum) };
}
