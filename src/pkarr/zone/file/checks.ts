import { Type, typeToText } from '../../../dns/codes.ts';
import type { Name } from '../../../dns/name.ts';
import { shown, type Token } from '../../../dns/presentation/token.ts';
import type { ResourceRecord } from '../../../dns/record.ts';
import { hexOf } from '../../../octets/text.ts';
import { isZoneCut } from '../zone-cut.ts';
import { messageAt, type ZoneFileMessage } from './error.ts';
import type { DoubtfulTarget, NameScope } from './names.ts';

/** A record and the words that it was read from. */
export interface PlacedRecord {
  readonly record: ResourceRecord;
  /** The first word of the entry. */
  readonly at: Token;
  /** The words of the data. */
  readonly data: readonly Token[];
}

/** Drops duplicate records, with a warning for each. */
export function dropDuplicates(placed: readonly PlacedRecord[]): {
  readonly kept: readonly PlacedRecord[];
  readonly warnings: readonly ZoneFileMessage[];
} {
  const seen = new Set<string>();
  const warnings: ZoneFileMessage[] = [];
  const kept = placed.filter(({ record, at }) => {
    const { name, type, rdata } = record;
    const identity = `${type} ${hexOf(rdata)} ${name.key}`;
    if (seen.has(identity)) {
      warnings.push(messageAt(at, `Duplicate ${typeToText(type)} record; it is published once.`));
      return false;
    }
    seen.add(identity);
    return true;
  });
  return { kept, warnings };
}

/** Warnings about what is valid but probably not intended. */
export function zoneWarnings(placed: readonly PlacedRecord[], scope: NameScope): readonly ZoneFileMessage[] {
  const byName = new Map<string, PlacedRecord[]>();
  for (const one of placed) {
    const { key } = one.record.name;
    const known = byName.get(key);
    if (known === undefined) byName.set(key, [one]);
    else known.push(one);
  }
  return [
    ...[...byName.values()].flatMap(aliasWarnings),
    ...occlusionWarnings(byName, scope.zone),
    ...ttlWarnings(placed),
    ...targetWarnings(byName, scope),
    ...placed.flatMap(quoteWarnings),
  ];
}

/** Records of one name of which resolvers use only some. One warning for each type. */
function aliasWarnings(placed: readonly PlacedRecord[]): readonly ZoneFileMessage[] {
  const isAlias = placed.some(({ record }) => record.type === Type.CNAME);
  const counts = new Map<number, number>();
  return placed.flatMap(({ record: { name, type }, at }) => {
    const count = (counts.get(type) ?? 0) + 1;
    counts.set(type, count);
    const mnemonic = typeToText(type);
    // RFC 1034 §3.6.2: "If a CNAME RR is present at a node, no other data should be present".
    if (isAlias && type !== Type.CNAME) {
      const message = `${name} has a CNAME record, which hides its ${mnemonic} record.`;
      return count === 1 ? [messageAt(at, message)] : [];
    }
    // RFC 6672 §2.4: "There MUST NOT be more than one DNAME RR at a given name".
    if (count !== 2 || (type !== Type.CNAME && type !== Type.DNAME)) return [];
    return [messageAt(at, `${name} has several ${mnemonic} records; resolvers follow only one.`)];
  });
}

/** Names whose records are hidden by a DNAME or NS record above them. One warning for each name. */
function occlusionWarnings(
  byName: ReadonlyMap<string, readonly PlacedRecord[]>,
  zone: Name,
): readonly ZoneFileMessage[] {
  const at = (name: Name, type: number) =>
    byName.get(name.key)?.flatMap(({ record }) => (record.type === type ? [record] : [])) ?? [];
  return [...byName.values()].flatMap((placed) => {
    const [first] = placed;
    if (first === undefined) return [];
    const { name } = first.record;
    for (let count = zone.labels.length; count < name.labels.length; count++) {
      const above = name.ancestor(count);
      // RFC 6672 §2.4: "Resource records MUST NOT exist at any subdomain of the owner of a DNAME RR."
      if (at(above, Type.DNAME).length > 0) {
        return [messageAt(first.at, `${name} is below ${above}, whose DNAME record hides it.`)];
      }
      // Below a delegation, only addresses of name servers are of use (RFC 1034 §4.2.1).
      if (count === zone.labels.length || !isZoneCut(at(above, Type.NS))) continue;
      const hidden = placed.find(({ record: { type } }) => type !== Type.A && type !== Type.AAAA);
      if (hidden === undefined) return [];
      return [
        messageAt(hidden.at, `${name} is below ${above}, whose NS records delegate it to other servers.`),
      ];
    }
    return [];
  });
}

/** RFC 2181 §5.2: "the TTLs of all RRs in an RRSet must be the same". */
function ttlWarnings(placed: readonly PlacedRecord[]): readonly ZoneFileMessage[] {
  const first = new Map<string, ResourceRecord>();
  return placed.flatMap(({ record, at }) => {
    const set = `${record.type} ${record.name.key}`;
    const other = first.get(set) ?? record;
    first.set(set, other);
    if (other.ttl === record.ttl) return [];
    const message = `The TTL is ${record.ttl}, but ${other.ttl} for another ${typeToText(record.type)} record of this name; resolvers use the smaller.`;
    return [messageAt(at, message)];
  });
}

/** Targets for which the zone has nothing: a dot was probably forgotten, or the domain had more than the file tells of. */
function targetWarnings(
  byName: ReadonlyMap<string, readonly PlacedRecord[]>,
  { doubtfulTargets, zone }: NameScope,
): readonly ZoneFileMessage[] {
  return doubtfulTargets.flatMap(({ token, name, why }: DoubtfulTarget) => {
    if (byName.has(name.key) || isCovered(byName, name, zone)) return [];
    const message =
      why === 'moved'
        ? `${shown(token)} becomes ${name}, for which the zone has no record.`
        : `${shown(token)} has no trailing dot, so it means ${name}, for which the zone has no record. ` +
          `Write ${JSON.stringify(`${token.raw}.`)} if that was meant.`;
    return [messageAt(token, message)];
  });
}

/**
 * Whether a wildcard, a delegation or a DNAME between the target and the apex covers it. One at the apex does not count,
 * because it covers every name with a forgotten dot.
 */
function isCovered(byName: ReadonlyMap<string, readonly PlacedRecord[]>, name: Name, zone: Name): boolean {
  for (let count = name.labels.length - 1; count > zone.labels.length; count--) {
    const { key } = name.ancestor(count);
    // A key has the lengths of labels in it: this is the key of the wildcard, which itself may be too long for a name.
    if (byName.has(`\u0001*${key}`)) return true;
    if (byName.get(key)?.some(({ record: { type } }) => type === Type.DNAME || type === Type.NS)) return true;
  }
  return false;
}

/** Quotation marks that a word processor put in place of `"`, which quote nothing. One warning for each record. */
function quoteWarnings({ data }: PlacedRecord): readonly ZoneFileMessage[] {
  const token = data.find(
    ({ raw, quoted }) => !quoted && /^[“”„‟«»‘’‚‛]|[“”„‟«»‘’‚‛]$|=[“”„‟«»‘’‚‛]/.test(raw),
  );
  if (token === undefined) return [];
  const [mark = ''] = /[“”„‟«»‘’‚‛]/.exec(token.raw) ?? [];
  return [
    messageAt(token, `${mark} is a typographic quotation mark, which quotes nothing here; use " instead.`),
  ];
}
