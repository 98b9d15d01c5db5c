import { LazyLru } from '../../async/lazy-lru.ts';
import { addressOctets } from '../../ip/address.ts';
import { ipClass, isLocalClass } from '../../ip/address-class.ts';
import { type IpPrefix, parseIpPrefix, prefixContains } from '../../ip/prefix.ts';

/** Maximum number of addresses whose verdict is cached. */
const VERDICTS = 4096;

/** The clients that may send queries. */
export class AccessList {
  /** By address as the socket writes it, so that a query costs one look-up. */
  readonly #verdicts = new LazyLru<string, boolean>(VERDICTS);
  /** The client that was allowed last mostly asks next, and a comparison costs a tenth of a look-up. */
  #lastAllowed: string | undefined;
  #prefixes: readonly IpPrefix[];

  constructor(prefixes: readonly IpPrefix[]) {
    this.#prefixes = prefixes;
  }

  /** Whether the client may send queries. `address` is as `dgram` and `net` give it, with or without a zone. */
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

  /** Replaces the list: the configuration or the network changed. */
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

/** This machine, which is always allowed. */
export const loopbackPrefixes: readonly IpPrefix[] = [prefixOf('127.0.0.0/8'), prefixOf('::1/128')];

/** One address of an interface, as `os.networkInterfaces()` has it. */
interface InterfaceAddress {
  readonly address: string;
  /** `192.168.1.7/24`; null when the netmask is invalid. */
  readonly cidr: string | null;
}

/** The addresses of each interface by its name, as `os.networkInterfaces()` gives them. */
export type Interfaces = Readonly<Record<string, readonly InterfaceAddress[] | undefined>>;

/**
 * Who may send queries by default: this machine, and for each listening address that is not loopback, the networks of its
 * interface. For a wildcard, the local networks of all interfaces: the neighbors of a router on the provider's side are
 * strangers.
 */
export function defaultAccess(listenHosts: readonly string[], interfaces: Interfaces): readonly IpPrefix[] {
  const own = listenHosts.flatMap((host) => ownSubnets(host, interfaces));
  return [...loopbackPrefixes, ...own];
}

/** The networks of the interface that has the address `host`, or the local networks of all interfaces for a wildcard. */
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

/** A shorter prefix comes from a netmask that was never set. */
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
  if (prefix === undefined) throw new RangeError(`"${text}" is not an address prefix.`);
  return prefix;
}

/** An access list that allows every client. */
export const everybody: Pick<AccessList, 'isAllowed'> = { isAllowed: () => true };
