import type { NodeAddress } from './dht-node.ts';

/**
 * Which addresses belong to the network a node is part of. On the `public` one, addresses that cannot be a node's on the
 * Internet are dropped. A `test` network lives on loopback: there loopback addresses and nothing else are nodes, and one
 * address may hold many of them.
 */
export type NetworkKind = 'public' | 'test';

/** An IPv4 address as one unsigned number of 32 bits. */
export type Ipv4 = number;

/** The address written as four decimal numbers without leading zeros, or undefined when `host` is anything else. */
export function parseIpv4(host: string): Ipv4 | undefined {
  // By hand: this runs for every datagram, and a regular expression takes three times as long.
  let [address, octet, digits, dots] = [0, 0, 0, 0];
  for (let at = 0; at < host.length; at++) {
    const code = host.charCodeAt(at);
    if (code === DOT) {
      if (digits === 0 || ++dots > 3) return undefined;
      address = address * 256 + octet;
      octet = digits = 0;
    } else {
      if (code < ZERO || code > NINE || (digits > 0 && octet === 0)) return undefined;
      octet = octet * 10 + code - ZERO;
      digits++;
      if (octet > 255) return undefined;
    }
  }
  return dots === 3 && digits > 0 ? address * 256 + octet : undefined;
}

const DOT = 0x2e;
const ZERO = 0x30;
const NINE = 0x39;

/** The dotted form of `address`. */
export function formatIpv4(address: Ipv4): string {
  return `${address >>> 24}.${(address >>> 16) & 255}.${(address >>> 8) & 255}.${address & 255}`;
}

/** Whether `address` is an IPv4 literal with a port from 1 to 65535. */
export function isNodeAddress(address: NodeAddress): boolean {
  return parseIpv4(address.host) !== undefined && isPort(address.port);
}

/** Whether `port` can be the port of a node. */
function isPort(port: number): boolean {
  return Number.isInteger(port) && port > 0 && port < 65_536;
}

/** Whether a node can live at `address` on a network of this kind. */
export function acceptsHost(network: NetworkKind, address: Ipv4): boolean {
  return network === 'test' ? isLoopback(address) : !isReserved(address);
}

/** `test` when there is a bootstrap address and all are loopback, else `public`. */
export function networkOf(bootstrap: readonly NodeAddress[]): NetworkKind {
  if (bootstrap.length === 0) return 'public';
  const loopback = bootstrap.every((node) => {
    const address = parseIpv4(node.host);
    return address !== undefined && isLoopback(address);
  });
  return loopback ? 'test' : 'public';
}

/** 127.0.0.0/8. */
function isLoopback(address: Ipv4): boolean {
  return address >>> 24 === 127;
}

/** Whether `address` is of a range that the IANA registry of special-purpose addresses keeps off the Internet. */
export function isReserved(address: Ipv4): boolean {
  return RESERVED.some(([prefix, shift]) => address >>> shift === prefix >>> shift);
}

const RESERVED: readonly (readonly [prefix: Ipv4, shift: number])[] = [
  range('0.0.0.0', 8), // this network, RFC 791
  range('10.0.0.0', 8), // private, RFC 1918
  range('100.64.0.0', 10), // shared, RFC 6598
  range('127.0.0.0', 8), // loopback, RFC 1122
  range('169.254.0.0', 16), // link-local, RFC 3927
  range('172.16.0.0', 12), // private, RFC 1918
  range('192.0.0.0', 24), // protocol assignments, RFC 6890
  range('192.0.2.0', 24), // documentation, RFC 5737
  range('192.168.0.0', 16), // private, RFC 1918
  range('198.18.0.0', 15), // benchmarking, RFC 2544
  range('198.51.100.0', 24), // documentation, RFC 5737
  range('203.0.113.0', 24), // documentation, RFC 5737
  range('224.0.0.0', 3), // multicast, RFC 5771, and reserved, RFC 1112
];

function range(host: string, bits: number): readonly [Ipv4, number] {
  const address = parseIpv4(host);
  if (address === undefined) throw new RangeError(`not an IPv4 address: ${host}`);
  return [address, 32 - bits];
}
