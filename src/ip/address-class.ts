import { type IpPrefix, parseIpPrefix, prefixContains } from './prefix.ts';

/**
 * Who an address leads to, as far as it is not everybody's.
 *
 * - `loopback`: this machine. The unspecified addresses too: a connection to one of them ends here.
 * - `link-local`: machines on the same link.
 * - `private`: machines of the same site, or of the same provider behind a shared address.
 * - `public`: everything else.
 */
export type IpClass = 'loopback' | 'link-local' | 'private' | 'public';

/**
 * From the IANA IPv4 and IPv6 Special-Purpose Address Registries (RFC 6890), those that can be reached and are not
 * globally reachable; each with the name that the registry has for it. First match wins.
 */
const classes: readonly { readonly prefix: IpPrefix; readonly class: IpClass }[] = [
  row('0.0.0.0/8', 'loopback'), // "This network" (RFC 791 §3.2)
  row('10.0.0.0/8', 'private'), // Private-Use (RFC 1918)
  row('100.64.0.0/10', 'private'), // Shared Address Space (RFC 6598)
  row('127.0.0.0/8', 'loopback'), // Loopback (RFC 1122 §3.2.1.3)
  row('169.254.0.0/16', 'link-local'), // Link Local (RFC 3927)
  row('172.16.0.0/12', 'private'), // Private-Use (RFC 1918)
  row('192.168.0.0/16', 'private'), // Private-Use (RFC 1918)
  row('::/128', 'loopback'), // Unspecified Address (RFC 4291)
  row('::1/128', 'loopback'), // Loopback Address (RFC 4291)
  row('64:ff9b:1::/48', 'private'), // IPv4-IPv6 Translat. (RFC 8215), for use inside of one network
  row('fc00::/7', 'private'), // Unique-Local (RFC 4193)
  row('fe80::/10', 'link-local'), // Link-Local Unicast (RFC 4291)
];

/** IPv6 prefixes with an IPv4 address behind them, and the octet at which that begins. It decides the class. */
const embeddings: readonly { readonly prefix: IpPrefix; readonly at: number }[] = [
  { prefix: mapped(), at: 12 }, // IPv4-mapped Address (RFC 4291 §2.5.5.2)
  { prefix: prefixOf('::/96'), at: 12 }, // IPv4-compatible, deprecated (RFC 4291 §2.5.5.1)
  { prefix: prefixOf('64:ff9b::/96'), at: 12 }, // IPv4-IPv6 Translat. (RFC 6052)
  { prefix: prefixOf('2002::/16'), at: 2 }, // 6to4 (RFC 3056)
];

/** The class of an address of 4 or 16 octets; of one with another length it is `public`, for it leads nowhere. */
export function ipClass(octets: Uint8Array): IpClass {
  const own = classes.find(({ prefix }) => prefixContains(prefix, octets))?.class;
  if (own !== undefined || octets.length !== 16) return own ?? 'public';
  const embedding = embeddings.find(({ prefix }) => prefixContains(prefix, octets));
  return embedding === undefined ? 'public' : ipClass(octets.subarray(embedding.at, embedding.at + 4));
}

function row(text: string, addressClass: IpClass) {
  return { prefix: prefixOf(text), class: addressClass };
}

/** `::ffff:0:0/96`, which read as a text stands for all of IPv4. */
function mapped(): IpPrefix {
  const octets = new Uint8Array(16).fill(0xff, 10, 12);
  return { octets, length: 96 };
}

function prefixOf(text: string): IpPrefix {
  const prefix = parseIpPrefix(text);
  if (prefix === undefined) throw new RangeError(`${text} is no prefix.`);
  return prefix;
}
