import { Type } from '../../../dns/codes.ts';
import type { Name } from '../../../dns/name.ts';
import type { ResourceRecord } from '../../../dns/record.ts';
import { hexOf } from '../../../octets/text.ts';

/** The records of one name. */
export interface NameRecords {
  readonly name: Name;
  readonly records: readonly ResourceRecord[];
}

/** Records by their name, in the order of their first. */
export function recordsByName(records: readonly ResourceRecord[]): readonly NameRecords[] {
  const byKey = new Map<string, { name: Name; records: ResourceRecord[] }>();
  for (const record of records) {
    const known = byKey.get(record.name.key);
    if (known === undefined) byKey.set(record.name.key, { name: record.name, records: [record] });
    else known.records.push(record);
  }
  return [...byKey.values()];
}

/** The text of a TXT record, its strings joined, an octet a character; undefined for another type. */
export function txtOf({ type, rdata }: ResourceRecord): string | undefined {
  if (type !== Type.TXT) return undefined;
  let text = '';
  for (let at = 0; at < rdata.length; at += 1 + (rdata[at] ?? 0))
    text += String.fromCharCode(...rdata.subarray(at + 1, at + 1 + (rdata[at] ?? 0)));
  return text;
}

/** The RDATA of a TXT record of one string of ASCII, at most 255 characters. */
export function txtRdata(text: string): Uint8Array {
  return Uint8Array.of(text.length, ...Array.from(text, (char) => char.charCodeAt(0)));
}

/** Type, TTL and data of a record as text, the same for records that differ only in their name. */
export function contentOf({ type, ttl, rdata }: ResourceRecord): string {
  return `${type} ${ttl} ${hexOf(rdata)}`;
}

/** A name as a zone file of the key has it: `@`, or without the key. */
export function relativeName(name: Name, apex: Name): string {
  if (name.equals(apex)) return '@';
  return name.toString().slice(0, -apex.toString().length - 1);
}

/** Names as text, at most five: `a, b and 3 more`. */
export function namesText(names: readonly Name[], apex: Name): string {
  const shown = names.slice(0, names.length > 5 ? 4 : 5).map((name) => relativeName(name, apex));
  const more = names.length - shown.length;
  const words = more === 0 ? shown : [...shown, `${more} more`];
  return words.length < 2 ? words.join('') : `${words.slice(0, -1).join(', ')} and ${words.at(-1)}`;
}
