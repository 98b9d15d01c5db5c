import type { NetworkInterfaceInfo } from 'node:os';
import { embedsIpv4, ipClass } from '../ip/address-class.ts';
import { ipv6FromText } from '../ip/text.ts';
import { acceptsHost, type NetworkKind, parseIpv4 } from '../mainline/addresses.ts';
import type { DhtStatus } from '../mainline/dht-node.ts';
import { EXTERNAL_IPV4, EXTERNAL_IPV6, type Placeholders } from '../pkarr/zone/file/placeholders.ts';

/**
 * Our public addresses as they are known now, for zone files. IPv4: what several nodes of the DHT agree on. IPv6: the DHT
 * has none, and there is no NAT, so it is a global address of one of the machine's interfaces.
 *
 * @param network in a test network, loopback addresses are public.
 * @param previous an IPv6 address that the machine still has is not replaced by another.
 */
export function externalAddresses(
  network: NetworkKind,
  status: Pick<DhtStatus, 'externalHost'> | undefined,
  interfaces: Readonly<Record<string, readonly NetworkInterfaceInfo[] | undefined>>,
  previous: Placeholders,
): Placeholders {
  const seen = status?.externalHost;
  const octets = seen === undefined ? undefined : parseIpv4(seen);
  const ipv4 = octets !== undefined && acceptsHost(network, octets) ? seen : undefined;
  const own = Object.values(interfaces)
    .flatMap((addresses) => addresses ?? [])
    .filter(({ family, address }) => family === 'IPv6' && isReachable(address, network))
    .map(({ address }) => address)
    .sort();
  const last = previous.get(EXTERNAL_IPV6);
  const ipv6 = last !== undefined && own.includes(last) ? last : own[0];
  return new Map([
    [EXTERNAL_IPV4, ipv4],
    [EXTERNAL_IPV6, ipv6],
  ]);
}

/**
 * Whether the Internet can reach a machine at this address. One that stands for an IPv4 address is a tunnel's or a
 * translator's: RFC 7526 §4 wants 6to4 used no more.
 */
function isReachable(address: string, network: NetworkKind): boolean {
  if (network === 'test') return address === '::1';
  const octets = ipv6FromText(address);
  return octets !== undefined && ipClass(octets) === 'public' && !embedsIpv4(octets);
}
