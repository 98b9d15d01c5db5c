import { Type, typeToText } from '../../../dns/codes.ts';
import type { Name } from '../../../dns/name.ts';
import type { ResourceRecord } from '../../../dns/record.ts';
import type { ZoneFileNote } from './error.ts';
import type { Token } from './lexer.ts';
import type { NameScope } from './names.ts';

/** A record and where it stands. */
export interface PlacedRecord {
  readonly record: ResourceRecord;
  readonly at: Token;
}

/** Drops records that say nothing new, and tells of them. */
export function dropDuplicates(placed: readonly PlacedRecord[]): {
  kept: PlacedRecord[];
  warnings: ZoneFileNote[];
} {
  const seen = new Set<string>();
  const warnings: ZoneFileNote[] = [];
  const kept = placed.filter(({ record, at }) => {
    const { name, type, rdata } = record;
    const identity = `${type} ${Buffer.from(rdata).toString('hex')} ${name.key}`;
    if (seen.has(identity)) {
      warnings.push(note(at, `This ${typeToText(type)} record stands here twice; it is published once.`));
      return false;
    }
    seen.add(identity);
    return true;
  });
  return { kept, warnings };
}

/** What is legal to write and probably not meant. */
export function zoneWarnings(placed: readonly PlacedRecord[], scope: NameScope): ZoneFileNote[] {
  const byName = new Map<string, PlacedRecord[]>();
  for (const one of placed) {
    const { key } = one.record.name;
    const known = byName.get(key);
    if (known === undefined) byName.set(key, [one]);
    else known.push(one);
  }
  return [...aliasWarnings(byName), ...ttlWarnings(placed), ...targetWarnings(byName, scope)];
}

/** RFC 1034 §3.6.2: "If a CNAME RR is present at a node, no other data should be present". */
function aliasWarnings(byName: ReadonlyMap<string, readonly PlacedRecord[]>): ZoneFileNote[] {
  return [...byName.values()].flatMap((placed) => {
    const cname = placed.find(({ record }) => record.type === Type.CNAME);
    const other = placed.find((candidate) => candidate !== cname);
    if (cname === undefined || other === undefined) return [];
    const { name, type } = other.record;
    const message =
      type === Type.CNAME
        ? `${name} has two CNAME records; resolvers follow only one.`
        : `${name} has a CNAME record, which hides its ${typeToText(type)} record.`;
    return [note(other.at, message)];
  });
}

/** RFC 2181 §5.2: "the TTLs of all RRs in an RRSet must be the same". */
function ttlWarnings(placed: readonly PlacedRecord[]): ZoneFileNote[] {
  const first = new Map<string, ResourceRecord>();
  return placed.flatMap(({ record, at }) => {
    const set = `${record.type} ${record.name.key}`;
    const other = first.get(set) ?? record;
    first.set(set, other);
    if (other.ttl === record.ttl) return [];
    const message = `The TTL is ${record.ttl}, but ${other.ttl} for another ${typeToText(record.type)} record of this name; resolvers use the smaller.`;
    return [note(at, message)];
  });
}

/** A target without a final dot for which the zone has nothing: most likely the dot was forgotten. */
function targetWarnings(
  byName: ReadonlyMap<string, readonly PlacedRecord[]>,
  { relativeTargets, zone }: NameScope,
): ZoneFileNote[] {
  const covers = new Set<string>();
  for (const [key, placed] of byName) {
    if (placed.some(({ record: { type } }) => type === Type.DNAME || type === Type.NS)) covers.add(key);
  }
  return relativeTargets.flatMap(({ token, name }) => {
    if (byName.has(name.key) || isCovered(byName, covers, name, zone)) return [];
    const message = `"${token.raw}" has no final dot, so it means ${name}, for which there is no record.`;
    return [note(token, message)];
  });
}

/** True when an ancestor of the name has a wildcard, a delegation or a DNAME. */
function isCovered(
  byName: ReadonlyMap<string, unknown>,
  covers: ReadonlySet<string>,
  name: Name,
  zone: Name,
): boolean {
  for (let count = name.labels.length - 1; count >= zone.labels.length; count--) {
    const { key } = name.ancestor(count);
    // A key holds lengths and labels: this is the wildcard's, which need not fit into a name.
    if (covers.has(key) || byName.has(`\u0001*${key}`)) return true;
  }
  return false;
}

function note({ line, column }: Token, message: string): ZoneFileNote {
  return { line, column, message };
}
