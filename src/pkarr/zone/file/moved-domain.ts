import { Type, typeToText } from '../../../dns/codes.ts';
import { Name } from '../../../dns/name.ts';
import { EntryError, type Place, type Token } from '../../../dns/presentation/token.ts';
import { WireError } from '../../../dns/wire-error.ts';
import { isCloudflareExport, proxiedRecords } from './cloudflare.ts';
import { messageAt, type ZoneFileMessage } from './error.ts';

/** The most lines that one sentence names. */
const MAX_LINES = 6;

const IN_PLACE_OF_ALIAS =
  'write the addresses of its target in its place (A and AAAA), or HTTPS 0 TARGET, which browsers follow';

/** Types that the servers of a signed zone make: a packet has one signature of its own. */
const signatureTypes: ReadonlySet<number> = new Set([
  Type.RRSIG,
  Type.NSEC,
  Type.DNSKEY,
  Type.NSEC3,
  Type.NSEC3PARAM,
  Type.CDS,
  Type.CDNSKEY,
  Type.CSYNC,
  Type.ZONEMD,
]);

/** Types with text in which names mean something to whoever reads it. */
const textTypes: ReadonlySet<number> = new Set([Type.TXT, Type.SPF, Type.CAA, Type.URI, Type.NAPTR]);

/** Records of one kind, as a sentence tells of them. */
type Places = Map<number, Place[]>;

/** A zone file that was written for a domain and is published under a key: what is left out of it, and what changes. */
export class MovedDomain {
  readonly domain: Name;
  readonly warnings: ZoneFileMessage[] = [];
  /** Records lead to servers that a proxy has hidden until now. */
  isExposed = false;
  readonly #isText: RegExp;
  readonly #ofServers: Places = new Map();
  readonly #signatures: Places = new Map();
  readonly #texts: Places = new Map();
  readonly #atApex: Places = new Map();
  readonly #automatic: Place[] = [];
  #isCloudflare = false;

  constructor(domain: Name) {
    this.domain = domain;
    const escaped = withoutDot(domain).replace(/[.*+?^${}()|[\]\\]/g, '\\$&');
    this.#isText = new RegExp(`(?<![\\w-])${escaped}(?![\\w-])`, 'i');
  }

  /** A name in the domain as one under the key, at whose apex is `zone`; every other as it is. @throws EntryError */
  move(token: Token, name: Name, zone: Name): Name {
    if (!name.isWithin(this.domain)) return name;
    try {
      return name.replaceSuffix(this.domain, zone);
    } catch (error) {
      if (!(error instanceof WireError) || error.code !== 'name-too-long') throw error;
      throw new EntryError(token, `The name ${name}, under the key, is longer than 255 octets.`);
    }
  }

  /** The same for an owner name. `token` spells it, or stands for it. @throws EntryError for one outside of the domain. */
  moveOwner(token: Token, name: Name, zone: Name): Name {
    if (name.isWithin(zone)) return name;
    if (!name.isWithin(this.domain)) {
      const domain = withoutDot(this.domain);
      throw new EntryError(
        token,
        `${name} is not in ${domain}, the domain that is moved; accepted are ${domain}. and names below it, and names without ` +
          'a final dot.',
      );
    }
    // The commonest mistake: the name of the domain without its final dot.
    if (!token.raw.endsWith('.') && Name.tryParse(token.raw)?.isWithin(this.domain) === true) {
      const message = `"${token.raw}" has no trailing dot, so it means ${name}; write ${token.raw}. if that was meant.`;
      this.warnings.push(messageAt(token, message));
    }
    return this.move(token, name, zone);
  }

  /**
   * What is wrong when the SOA record of a file, of which there is one at the name of its zone, is not of the domain; then every
   * record is wrong. Cloudflare writes that name without its final dot.
   */
  whyForeign(token: Token, owner: Name): ZoneFileMessage | undefined {
    const spelled = Name.tryParse(token.raw);
    if (owner.equals(this.domain) || spelled?.equals(this.domain) === true) return undefined;
    const is = withoutDot(spelled !== undefined && spelled.labels.length > 1 ? spelled : owner);
    const wanted = withoutDot(this.domain);
    const message = `This file is of the zone ${is}, as its SOA record says, and not of ${wanted}: move ${is}, or give the file of ${wanted}.`;
    return messageAt(token, message);
  }

  /** Looks at the text of a file for what its exporter wrote into comments. */
  begin(text: string, path: string | undefined): void {
    if (!isCloudflareExport(text)) return;
    this.#isCloudflare = true;
    const proxied = proxiedRecords(text, path);
    this.isExposed ||= proxied.length > 0;
    this.warnings.push(...proxied);
  }

  /** Whether the record at `owner`, still under the domain, has no place under a key; then it is noted as left out. */
  leavesOut(type: number, owner: Name, place: Place): boolean {
    const isOfServers = type === Type.SOA || (type === Type.NS && owner.equals(this.domain));
    if (!isOfServers && !signatureTypes.has(type)) return false;
    note(isOfServers ? this.#ofServers : this.#signatures, type, place);
    return true;
  }

  /** The TTL to publish: Cloudflare writes 1 for "automatic", which it serves as 300. Seconds. */
  ttl(ttl: number, place: Place): number {
    if (!this.#isCloudflare || ttl !== 1) return ttl;
    this.#automatic.push(place);
    return 300;
  }

  /** Looks at a record that stays: its owner, still under the domain, and the words of its data. */
  note(type: number, owner: Name, words: readonly Token[], place: Place): void {
    // Nobody can say which text that names the domain is to change.
    if (textTypes.has(type) && words.some(({ raw }) => this.#isText.test(raw)))
      note(this.#texts, type, place);
    if (owner.equals(this.domain)) note(this.#atApex, type, place);
  }

  /** Types that providers have and DNS does not. @throws EntryError */
  refuseType(token: Token | undefined): void {
    if (token === undefined || token.quoted || !/^(?:ALIAS|ANAME)$/i.test(token.raw)) return;
    throw new EntryError(token, `"${token.raw}" is a type of its provider alone; ${IN_PLACE_OF_ALIAS}.`);
  }

  /** What was done with the file, a sentence each. */
  notes(): readonly string[] {
    const notes: string[] = [];
    if (this.#ofServers.size > 0)
      notes.push(
        `Left out: ${listed(this.#ofServers)} of ${withoutDot(this.domain)}, which tell of its name servers; a key has none.`,
      );
    if (this.#signatures.size > 0)
      notes.push(
        `Left out: ${listed(this.#signatures)}, which belong to DNSSEC; a packet has a signature of its own.`,
      );
    if (this.#automatic.length > 0)
      notes.push(
        `A TTL of 1 in an export of Cloudflare means "automatic"; 300 is published (${lines(this.#automatic)}).`,
      );
    if (this.#texts.size > 0)
      notes.push(
        `Text is published as it is written, also where it names ${withoutDot(this.domain)}: ${listed(this.#texts)}.`,
      );
    const alias = this.#atApex.get(Type.CNAME);
    if (alias !== undefined && this.#atApex.size > 1)
      notes.push(
        `${withoutDot(this.domain)} itself is an alias (${lines(alias)}), which providers answer with the addresses of its target; under ` +
          `the key it hides the other records there: ${IN_PLACE_OF_ALIAS}.`,
      );
    return notes;
  }
}

/** A name as people write it, without its final dot. */
function withoutDot(name: Name): string {
  return name.toString().slice(0, -1);
}

function note(places: Places, type: number, place: Place): void {
  const known = places.get(type);
  if (known === undefined) places.set(type, [place]);
  else known.push(place);
}

/** `SOA (line 5) and NS (lines 7 and 8)`. */
function listed(places: Places): string {
  return and([...places].map(([type, found]) => `${typeToText(type)} (${lines(found)})`));
}

/** `line 5`, or `lines 5, 7 and 12 more`; lines of an included file with its path. */
function lines(places: readonly Place[]): string {
  const named = places
    .slice(0, places.length > MAX_LINES + 1 ? MAX_LINES : places.length)
    .map(({ line, path }) => (path === undefined ? String(line) : `${line} of ${path}`));
  const more = places.length - named.length;
  return `line${places.length === 1 ? '' : 's'} ${and(more === 0 ? named : [...named, `${more} more`])}`;
}

function and(words: readonly string[]): string {
  return words.length < 2 ? words.join('') : `${words.slice(0, -1).join(', ')} and ${words.at(-1)}`;
}
