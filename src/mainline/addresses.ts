import { ipv4Class } from '../ip/address-class.ts';
import type { NodeAddress } from './dht-node.ts';

/**
 * The kind of network that a node belongs to. On the `public` one, addresses that no node on the Internet can have are
 * dropped. A `test` network is on loopback: all its nodes have loopback addresses, and many may share one.
 */
export type NetworkKind = 'public' | 'test';

/** An IPv4 address as one unsigned number of 32 bits. */
export type Ipv4 = number;

/** The address in dotted form without leading zeros, or undefined if `host` is anything else. */
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

/** Whether a node on a network of this kind can have this address. */
export function acceptsHost(network: NetworkKind, address: Ipv4): boolean {
  return network === 'test' ? isLoopback(address) : ipv4Class(address) === 'public';
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
