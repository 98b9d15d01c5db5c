import { Class, isMetaType, typeFromText } from '../../../dns/codes.ts';
import type { Name } from '../../../dns/name.ts';
import type { ResourceRecord } from '../../../dns/record.ts';
import { dropDuplicates, type PlacedRecord, zoneWarnings } from './checks.ts';
import { ZoneFileError, ZoneFileFault, type ZoneFileNote } from './error.ts';
import { type Entry, splitEntries, type Token } from './lexer.ts';
import { NameScope } from './names.ts';
import { PlaceholderFiller, type Placeholders } from './placeholders.ts';
import { parseRdata } from './rdata.ts';
import { looksLikeDuration, MAX_TTL, parseDuration, shown } from './values.ts';

/** Characters of a zone file: a packet holds 1000 octets, so this is plenty, comments included. */
export const MAX_ZONE_FILE_LENGTH = 262_144;

/** Seconds that a record lives when the file says nothing. */
const DEFAULT_TTL = 300;

/** What a zone file says. */
export interface ZoneFile {
  /** In the order of the file, all under the zone's name, of class IN, none twice. */
  readonly records: readonly ResourceRecord[];
  /** What is legal and probably not meant, in the order of the file. */
  readonly warnings: readonly ZoneFileNote[];
  /** The placeholders that stand in the file, each once; records with one that has no value are not in `records`. */
  readonly placeholders: readonly string[];
}

/**
 * Reads a zone file in the form of RFC 1035 §5.1: `$ORIGIN`, `$TTL` (RFC 2308 §4), `@`, relative names, an owner
 * left out, parentheses, quoted strings, `;` comments, escapes, times with units, and `TYPEnnn \# length hex`
 * (RFC 3597 §5) for every type. `origin` is the zone's name, the key; all owner names end up under it. `defaultTtl`
 * in seconds, 300 unless given, is for records before any TTL. `placeholders`: what may stand as `{name}` in the data of
 * a record, with its value, or undefined when that is not known now: then the record is left out with a warning.
 * @throws ZoneFileError with every fault of the file.
 */
export function parseZoneFile(
  text: string,
  options: { readonly origin: Name; readonly defaultTtl?: number; readonly placeholders?: Placeholders },
): ZoneFile {
  if (text.length > MAX_ZONE_FILE_LENGTH) {
    const message = `The file is ${text.length} characters long; at most ${MAX_ZONE_FILE_LENGTH} are read.`;
    throw new ZoneFileError([{ line: 1, column: 1, message }]);
  }
  // Some editors put a byte order mark in front.
  const { entries, faults } = splitEntries(text.replace(/^\uFEFF/, ''));
  const reader = new EntryReader(options.origin, options.defaultTtl ?? DEFAULT_TTL, options.placeholders);
  for (const entry of entries) {
    try {
      reader.read(entry);
    } catch (error) {
      if (!(error instanceof ZoneFileFault)) throw error;
      faults.push(error.note);
    }
  }
  if (faults.length > 0) throw new ZoneFileError(faults.sort(byPlace));
  const { kept, warnings } = dropDuplicates(reader.placed);
  const { scope, filler } = reader;
  return {
    records: kept.map(({ record }) => record),
    warnings: [...scope.warnings, ...filler.warnings, ...warnings, ...zoneWarnings(kept, scope)].sort(
      byPlace,
    ),
    placeholders: [...filler.used],
  };
}

/** Turns entries into records, keeping what one entry hands to the next. */
class EntryReader {
  readonly scope: NameScope;
  readonly placed: PlacedRecord[] = [];
  readonly filler: PlaceholderFiller;
  readonly #defaultTtl: number;
  #owner: Name | undefined;
  /** What `$TTL` said. */
  #zoneTtl: number | undefined;
  /** RFC 1035 §5.1: "Omitted class and TTL values are default to the last explicitly stated values". */
  #lastTtl: number | undefined;

  constructor(origin: Name, defaultTtl: number, placeholders: Placeholders = new Map()) {
    this.scope = new NameScope(origin);
    this.filler = new PlaceholderFiller(placeholders);
    this.#defaultTtl = defaultTtl;
  }

  /** @throws ZoneFileFault. */
  read(entry: Entry): void {
    const [first] = entry.tokens;
    if (!entry.indented && !first.quoted && first.raw.startsWith('$')) this.#directive(first, entry.tokens);
    else this.#record(entry);
  }

  #directive(first: Token, [, value, extra]: readonly Token[]): void {
    const directive = first.raw.toUpperCase();
    if (directive !== '$ORIGIN' && directive !== '$TTL') {
      throw new ZoneFileFault(first, `${shown(first)} is not supported; $ORIGIN and $TTL are.`);
    }
    if (value === undefined) throw new ZoneFileFault(first, `After ${directive} its value is missing.`);
    if (extra !== undefined)
      throw new ZoneFileFault(extra, `${directive} takes one value; ${shown(extra)} is too much.`);
    if (directive === '$ORIGIN') this.scope.setOrigin(value);
    else this.#zoneTtl = parseDuration(value, 'TTL', MAX_TTL);
  }

  #record({ tokens, indented }: Entry): void {
    const rest: Token[] = [...tokens];
    const end = rest.at(-1) ?? tokens[0];
    const owner = indented ? this.#owner : this.scope.owner(rest.shift() ?? tokens[0]);
    if (owner === undefined) {
      throw new ZoneFileFault(
        tokens[0],
        'The line begins with white space, but there is no record before it whose name it could share.',
      );
    }
    this.#owner = owner;
    const ttl = this.#ttlAndClass(rest);
    const type = parseType(rest.shift(), end);
    const filled = this.filler.fill(rest);
    if (filled === undefined) return;
    const rdata = parseRdata(type, filled, end, this.scope);
    this.placed.push({ record: { name: owner, type, class: Class.IN, ttl, rdata }, at: tokens[0] });
  }

  /** Takes TTL and class, in either order, each at most once, from the front of `tokens`, and gives the TTL. */
  #ttlAndClass(tokens: Token[]): number {
    let ttl: number | undefined;
    let hasClass = false;
    for (let token = tokens[0]; token !== undefined; token = tokens[0]) {
      if (ttl === undefined && looksLikeDuration(token)) {
        ttl = parseDuration(token, 'TTL', MAX_TTL);
      } else if (!hasClass && isClass(token)) {
        hasClass = true;
      } else {
        break;
      }
      tokens.shift();
    }
    this.#lastTtl = ttl ?? this.#lastTtl;
    return ttl ?? this.#zoneTtl ?? this.#lastTtl ?? this.#defaultTtl;
  }
}

/** True for the class IN, false for what is no class. @throws ZoneFileFault for another class. */
function isClass(token: Token): boolean {
  if (token.quoted || !/^(?:IN|CH|CS|HS|NONE|ANY|CLASS\d+)$/i.test(token.raw)) return false;
  if (/^(?:IN|CLASS0*1)$/i.test(token.raw)) return true;
  // ANY is a type too, and no record's: the type's fault says so.
  if (/^ANY$/i.test(token.raw)) return false;
  throw new ZoneFileFault(token, `Only class IN can be published, not ${shown(token)}.`);
}

function parseType(token: Token | undefined, end: Token): number {
  if (token === undefined) throw new ZoneFileFault(end, 'The record type is missing.');
  const type = token.quoted ? undefined : typeFromText(token.raw);
  if (type === undefined) {
    throw new ZoneFileFault(
      token,
      `${shown(token)} is not a record type; write one such as A, MX or TXT, or TYPE and its number.`,
    );
  }
  if (isMetaType(type)) {
    throw new ZoneFileFault(token, `${token.raw.toUpperCase()} is for questions and cannot be published.`);
  }
  return type;
}

function byPlace(a: ZoneFileNote, b: ZoneFileNote): number {
  return a.line - b.line || a.column - b.column;
}
