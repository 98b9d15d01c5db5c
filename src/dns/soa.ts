import { Class, Type } from './codes.ts';
import { Name } from './name.ts';
import type { ResourceRecord } from './record.ts';
import { WireWriter } from './wire-writer.ts';

/** RFC 6303 §3: the RNAME of a zone that nobody administers; RFC 6761 §6.4 makes sure that it never exists. */
const RNAME = Name.parse('nobody.invalid.');

/** Seconds, from RFC 6303 §3: no secondary server will ever read them. */
const REFRESH = 3600;
const RETRY = 1200;
const EXPIRE = 604_800;

/**
 * The SOA record of a zone that has none of its own, after RFC 6303 §3: its MNAME is the zone itself. `serial` has 32
 * bits; `negativeTtl` is TTL and MINIMUM, in seconds.
 */
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
