import { embedsIpv4, ipClass } from './address-class.ts';
import { type IpPrefix, parseIpPrefix, prefixContains } from './prefix.ts';

/**
 * Prefixes whose addresses are sent on to an IPv4 address inside them, by this machine itself or by whoever is the nearest relay.
 * The registry says "N/A" or nothing about whether they are globally reachable: it depends on that machine.
 */
const tunnels: readonly IpPrefix[] = [
  '2002::/16',
  '::/96',
  // The relays of 6to4, which RFC 7526 deprecates: anycast, so whoever is the nearest.
  '192.88.99.0/24',
].flatMap((text) => parseIpPrefix(text) ?? []);

/**
 * Whether an address of 4 or 16 octets leads to one machine of the Internet, wherever it is used: "Globally Reachable" in
 * the IANA Special-Purpose Address Registries (RFC 8190 §2.1), or ordinary unicast. An IPv4-mapped address, and one of the
 * well-known prefix of NAT64, counts as the IPv4 address inside; 6to4, Teredo and IPv4-compatible addresses never do.
 */
export function isGloballyReachable(octets: Uint8Array): boolean {
  if (ipClass(octets) !== 'public') return false;
  const inside = octets.length === 16 && embedsIpv4(octets) ? octets.subarray(12) : octets;
  return !tunnels.some((prefix) => prefixContains(prefix, octets) || prefixContains(prefix, inside));
}
