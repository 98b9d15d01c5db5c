import { addressToText, isMapped } from './address.ts';
import { ipv4FromText, ipv6FromText } from './text.ts';

/** The addresses that share their first bits: `192.168.0.0/16`, `fe80::/10`. */
export interface IpPrefix {
  /** Four octets or sixteen; those behind the prefix are zero. */
  readonly octets: Uint8Array;
  /** Bits that count, 0 to 32 or 0 to 128. */
  readonly length: number;
}

/** RFC 4291 §2.5.5.2: an IPv4 address inside IPv6 stands behind `::ffff:`. */
const MAPPED_BITS = 96;

/**
 * Reads `192.168.0.0/16`, `fd00::/8`, or an address that stands for itself. Bits behind the prefix may be set and mean
 * nothing, so that an address with the size of its network can be given as it is. Undefined for any other text.
 */
export function parseIpPrefix(text: string): IpPrefix | undefined {
  const slash = text.indexOf('/');
  const address = slash < 0 ? text : text.slice(0, slash);
  const octets = address.includes(':') ? ipv6FromText(address) : ipv4FromText(address);
  if (octets === undefined) return undefined;
  const bits = octets.length * 8;
  const digits = slash < 0 ? String(bits) : text.slice(slash + 1);
  const length = /^(?:0|[1-9]\d{0,2})$/.test(digits) ? Number(digits) : Number.NaN;
  if (!(length <= bits)) return undefined;
  if (octets.length === 16 && isMapped(octets) && length >= MAPPED_BITS) {
    return masked(octets.subarray(12), length - MAPPED_BITS);
  }
  return masked(octets, length);
}

/** True when the address `octets` (as `addressOctets` gives them) begins with the bits of `prefix`. */
export function prefixContains(prefix: IpPrefix, octets: Uint8Array): boolean {
  const { length } = prefix;
  if (octets.length !== prefix.octets.length) return false;
  const whole = length >>> 3;
  for (let i = 0; i < whole; i++) {
    if (octets[i] !== prefix.octets[i]) return false;
  }
  const rest = length & 7;
  return (
    rest === 0 || (octets[whole] as number) >>> (8 - rest) === (prefix.octets[whole] as number) >>> (8 - rest)
  );
}

/** `192.168.0.0/16`. */
export function ipPrefixToText({ octets, length }: IpPrefix): string {
  return `${addressToText(octets)}/${length}`;
}

function masked(octets: Uint8Array, length: number): IpPrefix {
  const kept = octets.map((octet, i) => octet & (0xff00 >>> Math.min(Math.max(length - i * 8, 0), 8)));
  return { octets: kept, length };
}
