import { ipv4FromText, ipv4ToText, ipv6FromText, ipv6ToText } from './text.ts';

/** Characters of a zone (RFC 4007 §11): the name of an interface has up to 15, its number fewer. */
const ZONE = /^%[\w.:-]{1,15}$/;

/**
 * The octets of an address as a socket names it: four for IPv4, also when it comes as IPv4-mapped IPv6, otherwise
 * sixteen. A zone (`fe80::1%eth0`) is left out. Undefined for any other text.
 */
export function addressOctets(text: string): Uint8Array | undefined {
  if (!text.includes(':')) return ipv4FromText(text);
  const zone = text.indexOf('%');
  const octets = ipv6FromText(zone < 0 ? text : text.slice(0, zone));
  return octets !== undefined && isMapped(octets) ? octets.subarray(12) : octets;
}

/** An address of 4 or 16 octets in its usual spelling. */
export function addressToText(octets: Uint8Array): string {
  return octets.length === 4 ? ipv4ToText(octets) : ipv6ToText(octets);
}

/**
 * The one spelling of an address that people write in several ways: RFC 5952 for IPv6, its zone kept, and an
 * IPv4-mapped address as the IPv4 address that it is (RFC 4291 §2.5.5.2). Undefined for any other text.
 */
export function canonicalAddress(text: string): string | undefined {
  const percent = text.indexOf('%');
  const zone = percent < 0 ? '' : text.slice(percent);
  if (zone !== '' && !ZONE.test(zone)) return undefined;
  const octets = addressOctets(text);
  if (octets === undefined) return undefined;
  return octets.length === 4 ? addressToText(octets) : addressToText(octets) + zone;
}

/** RFC 4291 §2.5.5.2: `::ffff:0:0/96`, an IPv4 address inside IPv6. */
export function isMapped(octets: Uint8Array): boolean {
  for (let i = 0; i < 10; i++) {
    if (octets[i] !== 0) return false;
  }
  return octets[10] === 0xff && octets[11] === 0xff;
}
