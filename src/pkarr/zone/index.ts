import { Type } from '../../dns/codes.ts';
import type { Name } from '../../dns/name.ts';
import type { ResourceRecord, RRset } from '../../dns/record.ts';
import type { SignedPacket } from '../signed-packet.ts';

/** The RRsets of one name by type; empty for an empty non-terminal. */
export type ZoneNode = ReadonlyMap<number, RRset>;

/** A packet's records by name. */
export interface ZoneIndex {
  readonly apex: Name;
  /**
   * The node of a name; undefined when the name does not exist. RFC 8020 §2: a name exists when it owns records or when
   * a name below it does; RFC 4592 §2.2.2 calls the latter an empty non-terminal.
   */
  node(name: Name): ZoneNode | undefined;
}

const indexes = new WeakMap<SignedPacket, ZoneIndex>();

/** The index of a packet, built on first use and kept as long as the packet. */
export function zoneIndex(packet: SignedPacket): ZoneIndex {
  const known = indexes.get(packet);
  if (known !== undefined) return known;
  const index = buildIndex(packet);
  indexes.set(packet, index);
  return index;
}

function buildIndex({ key, records }: SignedPacket): ZoneIndex {
  const apex = key.name;
  const nodes = new Map<string, Map<number, RRset>>([[apex.key, new Map()]]);
  for (const record of records) {
    const node = addNode(nodes, record.name);
    node.set(record.type, withRecord(node.get(record.type), record));
  }
  return { apex, node: (name) => nodes.get(name.key) };
}

/** The node of `name`, created if needed together with all nodes between it and the apex. */
function addNode(nodes: Map<string, Map<number, RRset>>, name: Name): Map<number, RRset> {
  const known = nodes.get(name.key);
  if (known !== undefined) return known;
  const node = new Map<number, RRset>();
  nodes.set(name.key, node);
  // A packet holds at most 1000 octets, a name 127 labels; each turn adds a node, so an existing one ends the walk.
  addNode(nodes, name.parent);
  return node;
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
  const isNew = !set.some((other) => Buffer.compare(other.rdata, record.rdata) === 0);
  const [head, ...tail] = isNew ? ([...set, record] as const satisfies RRset) : set;
  return [{ ...head, ttl }, ...tail.map((other) => ({ ...other, ttl }))];
}
