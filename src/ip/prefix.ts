import { addressToText, isMapped } from './address.ts';
import { ipv4FromText, ipv6FromText } from './text.ts';

/** A prefix of addresses: `192.168.0.0/16`, `fe80::/10`. */
export interface IpPrefix {
  /** 4 or 16 octets; the bits after the prefix are zero. */
  readonly octets: Uint8Array;
  /** Length in bits, 0 to 32 or 0 to 128. */
  readonly length: number;
}

/** RFC 4291 §2.5.5.2: an IPv4 address inside IPv6 stands behind `::ffff:`. */
const MAPPED_BITS = 96;

/**
 * Parses `192.168.0.0/16`, `fd00::/8`, or a single address. Bits after the prefix are ignored, so that an interface address
 * such as `192.168.1.7/24` can be used. Undefined for any other text.
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

/** Whether the address `octets` (as `addressOctets` gives them) is in `prefix`. */
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
