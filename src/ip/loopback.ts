import { addressOctets } from './address.ts';
import { parseIpPrefix, prefixContains } from './prefix.ts';

/**
 * Addresses that only this machine has and reaches: RFC 1122 §3.2.1.3, RFC 4291 §2.5.3. The class `loopback` is of where a connection
 * leads, so it has the unspecified addresses too, on which a server is open to the network.
 */
const loopback = ['127.0.0.0/8', '::1'].flatMap((text) => parseIpPrefix(text) ?? []);

/** Whether a server at this address, as text, is reached from this machine alone. */
export function isLoopback(address: string): boolean {
  const octets = addressOctets(address);
  return octets !== undefined && loopback.some((prefix) => prefixContains(prefix, octets));
}
