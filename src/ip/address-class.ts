import { type IpPrefix, parseIpPrefix, prefixContains } from './prefix.ts';

/**
 * What an address leads to. A closed list.
 *
 * - `loopback`: this machine. Includes the unspecified addresses: a connection to them ends here.
 * - `link-local`: machines on the same link.
 * - `private`: machines of the same site, or of the same provider behind a shared address.
 * - `multicast`: groups of machines.
 * - `reserved`: no machine. Addresses for documentation, for protocols where no host has them, or not allocated.
 * - `public`: one machine of the Internet.
 */
export type IpClass = 'loopback' | 'link-local' | 'private' | 'multicast' | 'reserved' | 'public';

/** The classes of addresses that lead to this machine or to its own network. */
export type LocalIpClass = Extract<IpClass, 'loopback' | 'link-local' | 'private'>;

/** Whether an address of this class leads to this machine or to its own network. */
export function isLocalClass(addressClass: IpClass): addressClass is LocalIpClass {
  return addressClass === 'loopback' || addressClass === 'link-local' || addressClass === 'private';
}

/** The class of a prefix, or the offset of an embedded IPv4 address whose class applies. */
interface Row {
  readonly prefix: IpPrefix;
  readonly is: IpClass | { readonly ipv4At: number };
}

/**
 * The one table of address classes: the IANA IPv4 and IPv6 Special-Purpose Address Registries (RFC 6890), each row with
 * the name that the registry has for it, and the registries of multicast and of IPv6 address space. First match wins.
 */
const table: readonly Row[] = [
  row('0.0.0.0/8', 'loopback'), // "This network" (RFC 791 §3.2)
  row('10.0.0.0/8', 'private'), // Private-Use (RFC 1918)
  row('100.64.0.0/10', 'private'), // Shared Address Space (RFC 6598)
  row('127.0.0.0/8', 'loopback'), // Loopback (RFC 1122 §3.2.1.3)
  row('169.254.0.0/16', 'link-local'), // Link Local (RFC 3927)
  row('172.16.0.0/12', 'private'), // Private-Use (RFC 1918)
  row('192.0.0.170/31', 'reserved'), // NAT64/DNS64 Discovery (RFC 8880): the addresses of ipv4only.arpa, of no host
  row('192.0.0.0/24', 'private'), // IETF Protocol Assignments (RFC 6890): DS-Lite, and anycast inside a network
  row('192.0.2.0/24', 'reserved'), // Documentation (TEST-NET-1) (RFC 5737)
  row('192.168.0.0/16', 'private'), // Private-Use (RFC 1918)
  row('198.18.0.0/15', 'private'), // Benchmarking (RFC 2544)
  row('198.51.100.0/24', 'reserved'), // Documentation (TEST-NET-2) (RFC 5737)
  row('203.0.113.0/24', 'reserved'), // Documentation (TEST-NET-3) (RFC 5737)
  row('224.0.0.0/4', 'multicast'), // RFC 5771
  row('255.255.255.255/32', 'link-local'), // Limited Broadcast (RFC 919 §7)
  row('240.0.0.0/4', 'private'), // Reserved (RFC 1112 §4), and used as private space by some networks
  row('::/128', 'loopback'), // Unspecified Address (RFC 4291)
  row('::1/128', 'loopback'), // Loopback Address (RFC 4291)
  { prefix: mapped(), is: { ipv4At: 12 } }, // IPv4-mapped Address (RFC 4291 §2.5.5.2)
  row('::/96', { ipv4At: 12 }), // IPv4-compatible, deprecated (RFC 4291 §2.5.5.1)
  row('64:ff9b::/96', { ipv4At: 12 }), // IPv4-IPv6 Translat. (RFC 6052)
  row('64:ff9b:1::/48', 'private'), // IPv4-IPv6 Translat. (RFC 8215), for use inside of one network
  row('2001:1::/126', 'private'), // Anycast to the nearest PCP, TURN or SRP server (RFC 7723, RFC 8155, RFC 9665)
  row('2001:2::/48', 'private'), // Benchmarking (RFC 5180)
  row('2001:3::/32', 'public'), // AMT (RFC 7450)
  row('2001:4:112::/48', 'public'), // AS112-v6 (RFC 7535)
  row('2001::/23', 'reserved'), // IETF Protocol Assignments (RFC 2928): Teredo, ORCHIDs, drone tags
  row('2001:db8::/32', 'reserved'), // Documentation (RFC 3849)
  row('2002::/16', { ipv4At: 2 }), // 6to4, deprecated (RFC 7526)
  row('3fff::/20', 'reserved'), // Documentation (RFC 9637)
  row('2000::/3', 'public'), // Global Unicast (RFC 4291 §2.5.4): all that is allocated
  row('fc00::/7', 'private'), // Unique-Local (RFC 4193)
  row('fe80::/10', 'link-local'), // Link-Local Unicast (RFC 4291)
  row('fec0::/10', 'private'), // Site-local, deprecated (RFC 3879), and still used by some networks
  row('ff00::/8', 'multicast'), // RFC 4291 §2.7
];

/** The rows for IPv4 with prefixes as numbers: fast enough for each node in each message of the DHT. */
const ipv4Table = table.flatMap(({ prefix: { octets, length }, is }) =>
  octets.length === 4 && typeof is === 'string'
    ? [{ bits: ipv4Number(octets), shift: 32 - length, class: is }]
    : [],
);

/** The class of an address of 4 or 16 octets; `reserved` for any other length. */
export function ipClass(octets: Uint8Array): IpClass {
  if (octets.length === 4) return ipv4Class(ipv4Number(octets));
  // The registry of IPv6 address space lists the rest as "Reserved by IETF".
  const is = table.find(({ prefix }) => prefixContains(prefix, octets))?.is ?? 'reserved';
  return typeof is === 'string' ? is : ipClass(octets.subarray(is.ipv4At, is.ipv4At + 4));
}

/** The class of an IPv4 address as a number, 0 to 2^32 − 1. */
export function ipv4Class(address: number): IpClass {
  for (const { bits, shift, class: addressClass } of ipv4Table) {
    if (address >>> shift === bits >>> shift) return addressClass;
  }
  return 'public';
}

/** Whether an IPv6 address of 16 octets embeds an IPv4 address: mapped, or of a translator or tunnel. */
export function embedsIpv4(octets: Uint8Array): boolean {
  return typeof table.find(({ prefix }) => prefixContains(prefix, octets))?.is === 'object';
}

function row(text: string, is: Row['is']): Row {
  return { prefix: prefixOf(text), is };
}

/** `::ffff:0:0/96`, which `parseIpPrefix` reads as all of IPv4. */
function mapped(): IpPrefix {
  const octets = new Uint8Array(16).fill(0xff, 10, 12);
  return { octets, length: 96 };
}

function prefixOf(text: string): IpPrefix {
  const prefix = parseIpPrefix(text);
  if (prefix === undefined) throw new RangeError(`"${text}" is not an address prefix.`);
  return prefix;
}

function ipv4Number(octets: Uint8Array): number {
  return octets.reduce((number, octet) => number * 256 + octet, 0);
}
