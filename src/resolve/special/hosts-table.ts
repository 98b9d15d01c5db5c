import { setImmediate } from 'node:timers/promises';
import { Name } from '../../dns/name.ts';
import { reverseName } from '../../dns/typed-name.ts';
import { WireError } from '../../dns/wire-error.ts';
import { addressToText } from '../../ip/address.ts';
import { ipv4FromText, ipv6FromText } from '../../ip/text.ts';
import { NameFilter } from './name-filter.ts';

/** The addresses of one host, of 4 and of 16 octets. */
export interface HostAddresses {
  readonly ipv4: readonly Uint8Array[];
  readonly ipv6: readonly Uint8Array[];
}

/** Names and addresses of a hosts file (hosts(5)). */
export interface HostsTable {
  /** The addresses of `name`; undefined when it is not in the file. */
  addressesOf(name: Name): HostAddresses | undefined;
  /** The host that a reverse name (`7.1.168.192.in-addr.arpa`) stands for. */
  nameOf(reverseName: Name): Name | undefined;
  /**
   * False when the file surely says nothing of the QNAME of `request`, whole and uncompressed, which ends before `nameEnd`.
   * It costs a loop over the name, for it stands before the cache.
   */
  mayHold(request: Uint8Array, nameEnd: number): boolean;
  /** Number of names. */
  readonly size: number;
}

/** A line, or a part of one, that could not be used. */
export interface HostsProblem {
  /** From 1. */
  readonly line: number;
  /** One sentence. */
  readonly message: string;
}

/** The content of a hosts file. */
export interface ParsedHosts {
  readonly table: HostsTable;
  /** The first `MAX_PROBLEMS` of them. */
  readonly problems: readonly HostsProblem[];
}

/** Maximum number of names; block lists in this format reach this size. */
export const MAX_HOST_NAMES = 200_000;

/** More would help nobody. */
export const MAX_PROBLEMS = 20;

/** After so many words the event loop has its turn: some milliseconds of work. */
const WORDS_A_TURN = 1_000;

/** A table without names. */
export const emptyHosts: HostsTable = {
  addressesOf: () => undefined,
  nameOf: () => undefined,
  mayHold: () => false,
  size: 0,
};

/**
 * Reads a text of the form of hosts(5): an address, then its names, `#` before a comment. What cannot be read is
 * reported and left out. Gives way to other work every so many words. Never throws for any text.
 *
 * @param isForeign tells names of which no hosts file decides.
 */
export async function parseHosts(
  text: string,
  isForeign: (name: Name) => boolean = () => false,
): Promise<ParsedHosts> {
  const builder = new HostsBuilder(isForeign);
  let line = 0;
  let words = 0;
  for (let start = 0; start <= text.length && !builder.isFull; ) {
    const feed = text.indexOf('\n', start);
    const end = feed < 0 ? text.length : feed;
    builder.beginLine(++line);
    // A line may have any length: that of a block list may have hundreds of names.
    for (const [word] of text.slice(start, end).matchAll(/[^\s#]+|#.*/g)) {
      if (word.startsWith('#') || !builder.add(word)) break;
      if (++words % WORDS_A_TURN === 0) await setImmediate();
    }
    builder.endLine();
    start = end + 1;
    if (line % WORDS_A_TURN === 0) await setImmediate();
  }
  builder.makeFilter();
  return builder;
}

class HostsBuilder implements ParsedHosts, HostsTable {
  readonly problems: HostsProblem[] = [];
  readonly table: HostsTable = this;
  isFull = false;
  readonly #isForeign: (name: Name) => boolean;
  readonly #addresses = new Map<string, HostAddresses>();
  readonly #names = new Map<string, Name>();
  /** By their text: a block list has one address in all of its lines. */
  readonly #known = new Map<string, KnownAddress>();
  #filter = new NameFilter([]);
  #line = 0;
  /** The address that the line begins with. */
  #address: { readonly text: string; readonly known: KnownAddress; hasName: boolean } | undefined;

  constructor(isForeign: (name: Name) => boolean) {
    this.#isForeign = isForeign;
  }

  get size(): number {
    return this.#addresses.size;
  }

  addressesOf(name: Name): HostAddresses | undefined {
    return this.#addresses.get(name.key);
  }

  nameOf(reverseName: Name): Name | undefined {
    return this.#names.get(reverseName.key);
  }

  mayHold(request: Uint8Array, nameEnd: number): boolean {
    return this.#filter.mayHold(request, nameEnd);
  }

  beginLine(line: number): void {
    this.#line = line;
    this.#address = undefined;
  }

  /** Takes in the next word of the line. @returns false when the rest of the line is of no use. */
  add(word: string): boolean {
    if (this.#address === undefined) {
      const known = this.#addressOf(word);
      if (known === undefined) this.#report(`${shown(word)} is not a valid IP address`);
      else this.#address = { text: word, known, hasName: false };
      return known !== undefined;
    }
    const { known } = this.#address;
    const name = this.#readName(word);
    this.#address.hasName = true;
    if (name === undefined) return true;
    this.#addAddress(name, known);
    // hosts(5): the first name of a line is the canonical one; of several lines for an address the first counts.
    this.#addPointer(known, name);
    return !this.isFull;
  }

  endLine(): void {
    if (this.#address?.hasName === false) this.#report(`${this.#address.text} has no host name after it`);
  }

  /** Called once, when all names are in. */
  makeFilter(): void {
    this.#filter = new NameFilter([...this.#addresses.keys(), ...this.#names.keys()]);
  }

  #addressOf(text: string): KnownAddress | undefined {
    const known = this.#known.get(text);
    if (known !== undefined) return known;
    const octets = text.includes(':') ? ipv6FromText(text) : ipv4FromText(text);
    if (octets === undefined) return undefined;
    const alone = octets.length === 4 ? { ipv4: [octets], ipv6: [] } : { ipv4: [], ipv6: [octets] };
    const read = { octets, alone, hasPointer: isOwn(octets) };
    this.#known.set(text, read);
    return read;
  }

  #readName(host: string): Name | undefined {
    const name = nameOf(host);
    if (name === undefined) {
      this.#report(`${shown(host)} is not a valid host name`);
      return undefined;
    }
    // RFC 6761 §6.3 says what localhost is; most files repeat it, and none may change it.
    if (name.labels.at(-1)?.toLowerCase() === 'localhost') return undefined;
    if (!this.#isForeign(name)) return name;
    this.#report(`${shown(host)} is the name of a key, which only its owner's packet can answer`);
    return undefined;
  }

  #addAddress(name: Name, { octets, alone }: KnownAddress): void {
    const { key } = name;
    const before = this.#addresses.get(key);
    if (before !== undefined) {
      this.#addresses.set(key, withAddress(before, octets));
    } else if (this.#addresses.size < MAX_HOST_NAMES) {
      this.#addresses.set(key, alone);
    } else if (!this.isFull) {
      this.isFull = true;
      this.#report(`the rest of the file is ignored: the maximum is ${MAX_HOST_NAMES} names`);
    }
  }

  #addPointer(known: KnownAddress, canonical: Name): void {
    if (known.hasPointer) return;
    known.hasPointer = true;
    const { key } = reverseName(known.octets);
    if (!this.#names.has(key)) this.#names.set(key, canonical);
  }

  #report(reason: string): void {
    if (this.problems.length < MAX_PROBLEMS) {
      const message = `${reason.charAt(0).toUpperCase()}${reason.slice(1)}.`;
      this.problems.push({ line: this.#line, message });
    }
  }
}

/** An address of the file. */
interface KnownAddress {
  readonly octets: Uint8Array;
  /** Shared by all names that have this address alone. */
  readonly alone: HostAddresses;
  /** It has its PTR record, or is to have none. */
  hasPointer: boolean;
}

function withAddress(addresses: HostAddresses, octets: Uint8Array): HostAddresses {
  const family = octets.length === 4 ? 'ipv4' : 'ipv6';
  const list = addresses[family];
  const isKnown = list.some((other) => Buffer.compare(other, octets) === 0);
  return isKnown || list.length >= MAX_ADDRESSES ? addresses : { ...addresses, [family]: [...list, octets] };
}

/** Addresses of one family that a name has at most; all of them go into every answer. */
const MAX_ADDRESSES = 64;

/** 127.0.0.1 and ::1 are localhost, 0.0.0.0 and :: nobody's: no file says what they are called. */
function isOwn(octets: Uint8Array): boolean {
  return ['127.0.0.1', '0.0.0.0', '::1', '::'].includes(addressToText(octets));
}

/** RFC 952 and RFC 1123 §2.1 allow letters, digits and hyphens; underscores and other octets occur and harm nobody. */
function nameOf(host: string): Name | undefined {
  if (!/^[!-~]+$/.test(host)) return undefined;
  try {
    const name = Name.parse(host);
    return name.isRoot ? undefined : name;
  } catch (error) {
    if (!(error instanceof WireError)) throw error;
    return undefined;
  }
}

/** A word of the file in a message: quoted, short. */
function shown(word: string): string {
  return JSON.stringify(word.length > 60 ? `${word.slice(0, 60)}…` : word);
}
