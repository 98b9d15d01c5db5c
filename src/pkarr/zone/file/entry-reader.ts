import { Class, isMetaType, Type, typeFromText } from '../../../dns/codes.ts';
import type { Name } from '../../../dns/name.ts';
import { parseRdata } from '../../../dns/presentation/rdata-parser.ts';
import { EntryError, type Place, shown, type Token, unexpected } from '../../../dns/presentation/token.ts';
import { looksLikeDuration, MAX_TTL, parseDuration } from '../../../dns/presentation/values.ts';
import type { PlacedRecord } from './checks.ts';
import { messageAt, type ZoneFileMessage } from './error.ts';
import type { Include, IncludeDirective, IncludingReader } from './include.ts';
import { type Entry, splitEntries } from './lexer.ts';
import type { MovedDomain } from './moved-domain.ts';
import { NameScope } from './names.ts';
import { PlaceholderFiller, type Placeholders } from './placeholders.ts';

/** Maximum number of characters of a zone file with its included files; plenty for a packet of 1000 octets, even with comments. */
export const MAX_ZONE_FILE_LENGTH = 262_144;

/** Turns entries into records, and keeps the state between entries: origin, owner and TTL. */
export class EntryReader implements IncludingReader {
  readonly scope: NameScope;
  readonly filler: PlaceholderFiller;
  readonly placed: PlacedRecord[] = [];
  readonly errors: ZoneFileMessage[] = [];
  readonly #defaultTtl: number;
  readonly #include: IncludeDirective | undefined;
  readonly #moved: MovedDomain | undefined;
  /** The file is of another zone than the domain that is moved: then every record of it is wrong, and this alone is told. */
  foreign: ZoneFileMessage | undefined;
  /** Of the last record, before it is moved. */
  owner: Name | undefined;
  /** The value of the last `$TTL`. */
  #zoneTtl: number | undefined;
  /** RFC 1035 §5.1: "Omitted class and TTL values are default to the last explicitly stated values". */
  #lastTtl: number | undefined;
  #length = 0;

  constructor(options: {
    readonly origin: Name;
    readonly defaultTtl: number;
    readonly placeholders: Placeholders;
    readonly include: Include | undefined;
    readonly moved: MovedDomain | undefined;
  }) {
    this.scope = new NameScope(options.origin, options.moved);
    this.filler = new PlaceholderFiller(options.placeholders);
    this.#defaultTtl = options.defaultTtl;
    this.#include = options.include?.();
    this.#moved = options.moved;
  }

  /** Reads the zone file. Its errors are in `errors`. */
  readZone(text: string): void {
    this.readFile(text, undefined, { line: 1, column: 1, path: undefined });
  }

  /** See `IncludingReader`. */
  readFile(text: string, path: string | undefined, place: Place): void {
    this.#length += text.length;
    if (this.#length > MAX_ZONE_FILE_LENGTH) {
      const message = `The zone file, with what it includes, is longer than ${MAX_ZONE_FILE_LENGTH} characters.`;
      this.errors.push(messageAt(place, message));
      return;
    }
    this.#moved?.begin(text, path);
    const { entries, errors } = splitEntries(text, path);
    for (const error of errors) this.errors.push(error);
    for (const entry of entries) {
      try {
        this.#read(entry);
      } catch (error) {
        if (!(error instanceof EntryError)) throw error;
        this.errors.push(messageAt(error.place, error.message));
      }
    }
  }

  #read(entry: Entry): void {
    const [first] = entry.tokens;
    if (entry.indented || first.quoted || !first.raw.startsWith('$')) this.#readRecord(entry);
    else this.#readDirective(first, entry.tokens.slice(1));
  }

  #readDirective(first: Token, values: readonly Token[]): void {
    const directive = first.raw.toUpperCase();
    if (directive === '$INCLUDE') {
      if (this.#include === undefined) throw new EntryError(first, 'Files cannot be included here.');
      this.#include(this, first, values);
      return;
    }
    const [value, extra] = values;
    if (directive !== '$ORIGIN' && directive !== '$TTL') {
      throw unexpected(first, `is not supported; $ORIGIN, $TTL and $INCLUDE are.`);
    }
    if (value === undefined) throw new EntryError(first, `The value of ${directive} is missing.`);
    if (extra !== undefined) throw unexpected(extra, `is not expected: ${directive} takes one value.`);
    if (directive === '$ORIGIN') this.scope.origin = this.scope.written(value);
    else this.#zoneTtl = parseDuration(value, 'TTL', MAX_TTL);
  }

  #readRecord({ tokens, indented }: Entry): void {
    const rest: Token[] = [...tokens];
    const end = rest.at(-1) ?? tokens[0];
    const owner = indented ? this.owner : this.scope.written(rest.shift() ?? tokens[0]);
    if (owner === undefined) {
      throw new EntryError(
        tokens[0],
        'The line begins with white space, but there is no record before it whose owner it could take.',
      );
    }
    this.owner = owner;
    const written = this.#takeTtlAndClass(rest);
    this.#moved?.refuseType(rest[0]);
    const type = parseType(rest.shift(), end);
    if (type === Type.SOA) this.foreign ??= this.#moved?.whyForeign(tokens[0], owner);
    if (this.#moved?.leavesOut(type, owner, tokens[0])) return;
    const name = this.#moved?.moveOwner(tokens[0], owner, this.scope.zone) ?? owner;
    const ttl = this.#moved?.ttl(written, tokens[0]) ?? written;
    this.#moved?.note(type, owner, rest, tokens[0]);
    const data = this.filler.fill(rest);
    if (data === undefined) return;
    const rdata = parseRdata(type, data, end, (token) => this.scope.target(token).toWire());
    this.placed.push({ record: { name, type, class: Class.IN, ttl, rdata }, at: tokens[0], data });
  }

  /** Removes TTL and class, in either order, each at most once, from the front of `tokens`. Gives the TTL. */
  #takeTtlAndClass(tokens: Token[]): number {
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

/** Whether the word is the class IN. @throws EntryError for another class. */
function isClass(token: Token): boolean {
  if (token.quoted || !/^(?:IN|CH|CS|HS|NONE|ANY|CLASS\d+)$/i.test(token.raw)) return false;
  if (/^(?:IN|CLASS0*1)$/i.test(token.raw)) return true;
  // ANY is also a query type, about which `parseType` has a better message.
  if (/^ANY$/i.test(token.raw)) return false;
  throw new EntryError(token, `Only class IN can be published, not ${shown(token)}.`);
}

function parseType(token: Token | undefined, end: Token): number {
  if (token === undefined) throw new EntryError(end, 'The record type is missing.');
  const type = token.quoted ? undefined : typeFromText(token.raw);
  if (type === undefined) {
    throw unexpected(
      token,
      `is not a record type; expected one such as A, MX or TXT, or TYPE and its number.`,
    );
  }
  if (isMetaType(type)) {
    throw new EntryError(
      token,
      `${token.raw.toUpperCase()} is not a type of records, so it cannot be published.`,
    );
  }
  return type;
}
