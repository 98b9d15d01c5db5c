import type { Name } from '../../../dns/name.ts';
import type { Place } from '../../../dns/presentation/token.ts';
import type { ResourceRecord } from '../../../dns/record.ts';
import { dropDuplicates, zoneWarnings } from './checks.ts';
import { EntryReader } from './entry-reader.ts';
import { byPlace, ZoneFileError, type ZoneFileMessage } from './error.ts';
import type { Include } from './include.ts';
import type { MovedDomain } from './moved-domain.ts';
import type { Placeholders } from './placeholders.ts';

/** The default TTL of records, in seconds. */
const DEFAULT_TTL = 300;

/** The content of a zone file. */
export interface ZoneFile {
  /** In the order of the file, all under the name of the zone, of class IN, without duplicates. */
  readonly records: readonly ResourceRecord[];
  /** What is valid but probably not intended, in the order of the file. */
  readonly warnings: readonly ZoneFileMessage[];
  /** The placeholders in the file, each once; records with one that has no value are not in `records`. */
  readonly placeholders: readonly string[];
  /** What was done with a file of a moved domain, a sentence each: what was left out, and what was changed. */
  readonly notes: readonly string[];
  /** Where each of `records` stands. */
  readonly places: readonly Place[];
}

/** How to read a zone file. */
export interface ZoneFileOptions {
  /** The name of the zone: the key. */
  readonly origin: Name;
  /** The TTL in seconds of records before any TTL in the file. Default 300. */
  readonly defaultTtl?: number;
  /** What may stand as `{name}` in record data. A record with one that has no value yet is left out with a warning. */
  readonly placeholders?: Placeholders;
  /** Finds the files of `$INCLUDE`, which is not supported without. */
  readonly include?: Include;
  /**
   * The domain that the file was written for, a BIND file or an export of a provider: a new one for each file. Its names become
   * names under `origin`, as owners and as targets, and what describes its servers is left out.
   */
  readonly moved?: MovedDomain;
}

/**
 * Parses a zone file in the format of RFC 1035 §5.1: `$ORIGIN`, `$INCLUDE`, `$TTL` (RFC 2308 §4), `@`, relative names,
 * omitted owners, parentheses, quoted strings, `;` comments, escapes, times with units, and `TYPEnnn \# length hex` (RFC 3597
 * §5) for every type. All owner names end up under `origin`.
 * @throws ZoneFileError with every error of the file.
 */
export function parseZoneFile(text: string, options: ZoneFileOptions): ZoneFile {
  const { origin, defaultTtl = DEFAULT_TTL, placeholders = new Map(), include, moved } = options;
  const reader = new EntryReader({ origin, defaultTtl, placeholders, include, moved });
  reader.readZone(text);
  if (reader.foreign !== undefined) throw new ZoneFileError([reader.foreign]);
  if (reader.errors.length > 0) throw new ZoneFileError([...reader.errors].sort(byPlace));
  const { kept, warnings } = dropDuplicates(reader.placed);
  const { scope, filler } = reader;
  return {
    records: kept.map(({ record }) => record),
    warnings: [
      ...scope.warnings,
      ...filler.warnings,
      ...(moved?.warnings ?? []),
      ...warnings,
      ...zoneWarnings(kept, scope),
    ].sort(byPlace),
    placeholders: [...filler.used],
    notes: moved?.notes() ?? [],
    places: kept.map(({ at }) => at),
  };
}
