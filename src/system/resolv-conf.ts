import { canonicalAddress } from '../ip/address.ts';
import { ipv4FromText } from '../ip/text.ts';

/** Names of interfaces, by which scope ids of addresses are checked. */
export interface InterfaceNames {
  /** Whether an interface of this name is up. */
  has(name: string): boolean;
  /** The name of the interface with a number; undefined when none that is up has it. */
  nameOf(number: number): string | undefined;
}

/** A resolver that was left out. */
export interface SkippedServer {
  /** As it was written. */
  readonly text: string;
  /** A clause: `is an address of ours`. */
  readonly why: string;
}

/** The resolvers and search domains of a file. */
export interface ParsedResolvers {
  /** Numeric addresses, each once, in order, with the name of their interface where they need one. */
  readonly servers: readonly string[];
  /** Search domains, in order, as written. */
  readonly search: readonly string[];
  readonly skipped: readonly SkippedServer[];
}

/** The most resolvers of one file. glibc uses 3; routers write a few more. */
const MAX_SERVERS = 16;

/** The most search domains of one file. glibc takes any number since 2.26, and 6 before. */
const MAX_SEARCH = 32;

/** Characters of a word that a message shows. */
const MAX_SHOWN = 80;

/**
 * Reads a file of the form of resolv.conf(5): `nameserver`, `search` and `domain`. Comments start with `#` or `;`; anything
 * else is left alone. Never throws.
 */
export function parseResolvConf(text: string, interfaces: InterfaceNames): ParsedResolvers {
  const servers = new ServerList(interfaces);
  let search: readonly string[] = [];
  for (const line of text.split('\n')) {
    // resolv.conf(5) wants the keyword at the start of the line. dnsmasq, systemd-resolved, Go and c-ares take blanks before.
    const [, keyword = '', rest = ''] = /^[ \t]*(nameserver|search|domain)[ \t]+([^#;]+)/.exec(line) ?? [];
    const words = rest.split(/[ \t\r]+/).filter(Boolean);
    if (keyword === 'nameserver' && words[0] !== undefined) servers.add(words[0]);
    // "The domain and search keywords are mutually exclusive. If more than one instance ..., the last instance wins."
    else if (keyword !== '' && words.length > 0) search = keyword === 'domain' ? words.slice(0, 1) : words;
  }
  return { ...servers.result(), search: search.slice(0, MAX_SEARCH) };
}

/**
 * Reads a lease of systemd-networkd, lines of the form `KEY=VALUE`: `DNS`, `DOMAINNAME` and `DOMAIN_SEARCH_LIST`.
 * @param interfaceNumber that of the interface whose lease it is.
 */
export function parseNetifLease(
  text: string,
  interfaces: InterfaceNames,
  interfaceNumber: number,
): ParsedResolvers {
  const servers = new ServerList(interfaces);
  const search: string[] = [];
  for (const line of text.split('\n')) {
    const [, key, value = ''] = /^(DNS|DOMAINNAME|DOMAIN_SEARCH_LIST)=(.*)$/.exec(line.trim()) ?? [];
    const words = value.split(/\s+/).filter(Boolean);
    if (key === 'DNS') for (const word of words) servers.add(word, String(interfaceNumber));
    else search.push(...words);
  }
  return { ...servers.result(), search: [...new Set(search)].slice(0, MAX_SEARCH) };
}

/** Collects valid addresses of resolvers, and the reasons why others are skipped. */
class ServerList {
  readonly #interfaces: InterfaceNames;
  readonly #servers = new Set<string>();
  readonly #skipped: SkippedServer[] = [];
  #count = 0;

  constructor(interfaces: InterfaceNames) {
    this.#interfaces = interfaces;
  }

  /** @param scope of a link-local address that comes without. */
  add(written: string, scope?: string): void {
    this.#count += 1;
    if (this.#count > MAX_SERVERS) {
      if (this.#count === MAX_SERVERS + 1) this.#skip(written, `comes after ${MAX_SERVERS} others`);
      return;
    }
    const address = canonicalAddress(written);
    if (address === undefined) this.#skip(written, 'is not a numeric address');
    else if (isNobody(address)) this.#skip(written, 'is not the address of a host');
    else if (isLinkLocal(address)) this.#addScoped(written, address, scope);
    else this.#servers.add(withoutScope(address));
  }

  result(): Pick<ParsedResolvers, 'servers' | 'skipped'> {
    return { servers: [...this.#servers], skipped: this.#skipped };
  }

  /** RFC 4007 §11.2: a link-local address means something on one link only. */
  #addScoped(written: string, address: string, scope: string | undefined): void {
    const given = address.includes('%') ? address.slice(address.indexOf('%') + 1) : scope;
    if (given === undefined) {
      this.#skip(written, 'is a link-local address without its interface, as in fe80::1%eth0');
      return;
    }
    // systemd-resolved writes numbers, and sockets take names.
    const isNumber = /^\d+$/.test(given);
    const name = isNumber ? this.#interfaces.nameOf(Number(given)) : given;
    if (name === undefined || !this.#interfaces.has(name))
      this.#skip(written, `is on the interface ${given}, which is not up`);
    else this.#servers.add(`${withoutScope(address)}%${name}`);
  }

  #skip(written: string, why: string): void {
    this.#skipped.push({ text: written.slice(0, MAX_SHOWN), why });
  }
}

/** The unspecified addresses (glibc takes them for this machine, which is us) and multicast. */
function isNobody(address: string): boolean {
  const four = ipv4FromText(address);
  if (four !== undefined) return four[0] === 0 || (four[0] ?? 0) >= 224;
  return /^(?:::|ff[0-9a-f]{2}:.*)$/.test(withoutScope(address));
}

/** RFC 4291 §2.5.6: fe80::/10. */
function isLinkLocal(address: string): boolean {
  return /^fe[89ab][0-9a-f]:/.test(address);
}

function withoutScope(address: string): string {
  return address.replace(/%.*$/, '');
}
