import { LRUCache } from 'lru-cache';
import { Type } from '../../dns/codes.ts';
import type { Name } from '../../dns/name.ts';
import type { ResourceRecord, RRset } from '../../dns/record.ts';
import { equalOctets } from '../../octets/octets.ts';
import type { SignedPacket } from '../signed-packet.ts';

/** The RRsets of one name by type; empty for an empty non-terminal. */
export type ZoneNode = ReadonlyMap<number, RRset>;

/** A packet's records by name. */
export interface DecodedZone {
  readonly apex: Name;
  /**
   * The node of a name: undefined when the name does not exist. RFC 8020 §2: a name exists when it owns records or
   * when a name below it does, and RFC 4592 §2.2.2 calls the latter an empty non-terminal.
   */
  node(name: Name): ZoneNode | undefined;
}

/**
 * Maximum memory for decoded zones in bytes: about 1,600 zones of a few records, enough for those in use. A packet of 1000
 * bytes can decode to 180 kB, because compression pointers let many records share one long name. So packets are cached as
 * bytes, and only this much is cached decoded.
 */
const MAX_DECODED_BYTES = 8_000_000;

const decoded = new LRUCache<SignedPacket, { readonly zone: DecodedZone }>({ maxSize: MAX_DECODED_BYTES });

/** The zone of a packet, from the cache or decoded. */
export function zoneOf(packet: SignedPacket): DecodedZone {
  const known = decoded.get(packet);
  if (known !== undefined) return known.zone;
  const { zone, bytes } = decodeZone(packet);
  decoded.set(packet, { zone }, { size: bytes });
  return zone;
}

/** Memory that V8 takes for a record with its name and its entry in the zone, for a name and for a label, without their bytes. */
const RECORD_BYTES = 500;
const NODE_BYTES = 300;
const LABEL_BYTES = 32;

function decodeZone({ key, records }: SignedPacket): { readonly zone: DecodedZone; readonly bytes: number } {
  const apex = key.name;
  const nodes = new Map<string, Map<number, RRset>>([[apex.key, new Map()]]);
  for (const record of records) {
    const node = addNode(nodes, record.name.key);
    node.set(record.type, withRecord(node.get(record.type), record));
  }
  let bytes = 0;
  for (const name of nodes.keys()) bytes += NODE_BYTES + name.length;
  for (const { name, rdata } of records)
    bytes += RECORD_BYTES + rdata.length + name.wireLength + name.labels.length * LABEL_BYTES;
  return { zone: { apex, node: (name) => nodes.get(name.key) }, bytes };
}

/** The node of a name, given by `Name.key`, created if needed together with all nodes between it and the apex. */
function addNode(nodes: Map<string, Map<number, RRset>>, key: string): Map<number, RRset> {
  const known = nodes.get(key);
  if (known !== undefined) return known;
  const node = new Map<number, RRset>();
  nodes.set(key, node);
  // A name has 127 labels at most, and each name here ends in that of the apex, which has a node.
  for (let at = parentAt(key, 0); !nodes.has(key.slice(at)); at = parentAt(key, at))
    nodes.set(key.slice(at), new Map());
  return node;
}

/** Where the key of the parent begins: after the length and the octets of the label at `at`. */
function parentAt(key: string, at: number): number {
  return at + 1 + key.charCodeAt(at);
}

/**
 * The RRset with one more record. RFC 2181 §5: "servers should suppress such duplicates if encountered", and §5.2: "the
 * TTLs of all RRs in an RRSet must be the same"; if they are not, the smallest is safe.
 * CNAME, DNAME and SOA allow one record per name (RFC 2181 §10.1, RFC 6672 §2.4, RFC 1035 §6.1): the first is kept.
 */
function withRecord(set: RRset | undefined, record: ResourceRecord): RRset {
  if (set === undefined) return [record];
  const [first] = set;
  if (record.type === Type.CNAME || record.type === Type.DNAME || record.type === Type.SOA) return set;
  const ttl = Math.min(first.ttl, record.ttl);
  const isNew = !set.some((other) => equalOctets(other.rdata, record.rdata));
  const [head, ...tail] = isNew ? ([...set, record] as const satisfies RRset) : set;
  return [{ ...head, ttl }, ...tail.map((other) => ({ ...other, ttl }))];
}
