import { LRUCache } from 'lru-cache';
import { addressOctets } from '../ip/address.ts';
import { ipClass, isLocalClass } from '../ip/address-class.ts';
import { type IpPrefix, parseIpPrefix, prefixContains } from '../ip/prefix.ts';

/** Addresses whose verdict is remembered. */
const VERDICTS = 4096;

/** Who may ask. */
export class AccessList {
  /** By address as the socket writes it, so that one look is all that a query costs. */
  readonly #verdicts = new LRUCache<string, boolean>({ max: VERDICTS });
  /** Who was allowed last: mostly who asks next, and comparing costs a tenth of the look. */
  #lastAllowed: string | undefined;
  #prefixes: readonly IpPrefix[];

  constructor(prefixes: readonly IpPrefix[]) {
    this.#prefixes = prefixes;
  }

  /** True when the client may ask. `address` is as `dgram` and `net` give it, with or without a zone. */
  isAllowed(address: string): boolean {
    if (address === this.#lastAllowed) return true;
    let verdict = this.#verdicts.get(address);
    if (verdict === undefined) {
      verdict = this.#judge(address);
      this.#verdicts.set(address, verdict);
    }
    if (verdict) this.#lastAllowed = address;
    return verdict;
  }

  /** Other clients from now on: the configuration or the network has changed. */
  replace(prefixes: readonly IpPrefix[]): void {
    this.#prefixes = prefixes;
    this.#verdicts.clear();
    this.#lastAllowed = undefined;
  }

  #judge(address: string): boolean {
    const octets = addressOctets(address);
    return octets !== undefined && this.#prefixes.some((prefix) => prefixContains(prefix, octets));
  }
}

/** This machine: what is always allowed. */
export const loopbackPrefixes: readonly IpPrefix[] = [prefixOf('127.0.0.0/8'), prefixOf('::1/128')];

/** One address of an interface, as `os.networkInterfaces()` has it. */
interface InterfaceAddress {
  readonly address: string;
  /** `192.168.1.7/24`; null when the netmask is none. */
  readonly cidr: string | null;
}

/** `os.networkInterfaces()`, or something like it: the addresses of each interface by its name. */
export type Interfaces = Readonly<Record<string, readonly InterfaceAddress[] | undefined>>;

/**
 * Who may ask when nobody says: this machine; and for each address that is listened on beyond loopback, the networks of
 * the interface that has it. A wildcard address is every interface's, but there only networks that are not public
 * count: the neighbours of a router on its provider's side are strangers.
 */
export function defaultAccess(listenHosts: readonly string[], interfaces: Interfaces): readonly IpPrefix[] {
  const own = listenHosts.flatMap((host) => ownSubnets(host, interfaces));
  return [...loopbackPrefixes, ...own];
}

/** The networks of the interface that has the address `host`, or the local ones of all for a wildcard. */
function ownSubnets(host: string, interfaces: Interfaces): readonly IpPrefix[] {
  const octets = addressOctets(host);
  if (octets === undefined) return [];
  const isWildcard = octets.every((octet) => octet === 0);
  if (!isWildcard && ipClass(octets) === 'loopback') return [];
  return Object.values(interfaces).flatMap((addresses = []) => {
    if (isWildcard)
      return addresses.flatMap(subnetOf).filter(({ octets: first }) => isLocalClass(ipClass(first)));
    const isHere = addresses.some(({ address }) => sameAddress(address, octets));
    return isHere ? addresses.flatMap(subnetOf) : [];
  });
}

/** A shorter prefix is no network of anybody but a netmask that was never set. */
const SHORTEST = { 4: 8, 16: 16 } as const;

function subnetOf({ cidr }: InterfaceAddress): readonly IpPrefix[] {
  const prefix = cidr === null ? undefined : parseIpPrefix(cidr);
  if (prefix === undefined) return [];
  return prefix.length < SHORTEST[prefix.octets.length === 4 ? 4 : 16] ? [] : [prefix];
}

function sameAddress(text: string, octets: Uint8Array): boolean {
  const other = addressOctets(text);
  return other !== undefined && Buffer.compare(other, octets) === 0;
}

function prefixOf(text: string): IpPrefix {
  const prefix = parseIpPrefix(text);
  if (prefix === undefined) throw new RangeError(`${text} is no prefix.`);
  return prefix;
}

/** An access list that everybody is on. */
export const everybody: Pick<AccessList, 'isAllowed'> = { isAllowed: () => true };
