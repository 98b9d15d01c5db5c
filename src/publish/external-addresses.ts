import type { NetworkInterfaceInfo } from 'node:os';
import { type IpPrefix, parseIpPrefix, prefixContains } from '../ip/prefix.ts';
import { ipv6FromText } from '../ip/text.ts';
import { acceptsHost, type NetworkKind, parseIpv4 } from '../mainline/addresses.ts';
import type { DhtStatus } from '../mainline/dht-node.ts';
import type { Placeholders } from '../pkarr/zone/file/placeholders.ts';

/** Stands in zone files for the IPv4 address that others see us at. */
const EXTERNAL_IPV4 = 'external_ipv4';
/** The same for IPv6. */
const EXTERNAL_IPV6 = 'external_ipv6';

/** Both placeholders, without a value. */
export const noExternalAddresses: Placeholders = new Map([
  [EXTERNAL_IPV4, undefined],
  [EXTERNAL_IPV6, undefined],
]);

/**
 * Our addresses as they are known now, for zone files. IPv4: what several nodes of the DHT agree on. IPv6: the DHT has
 * none, and nothing translates addresses there, so it is one of the machine's own that the whole Internet can reach.
 *
 * @param network in a test network the addresses of loopback are those that everybody can reach.
 * @param previous an IPv6 address that is still the machine's is not changed for another.
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

/** RFC 4291 §2.5.4: global unicast addresses are those of 2000::/3 today; some of these are for examples and tunnels. */
function isReachable(address: string, network: NetworkKind): boolean {
  if (network === 'test') return address === '::1';
  const octets = ipv6FromText(address);
  if (octets === undefined || !prefixContains(globalUnicast, octets)) return false;
  return !notForUs.some((prefix) => prefixContains(prefix, octets));
}

const globalUnicast = prefixOf('2000::/3');
const notForUs = [
  prefixOf('2001::/23'), // protocol assignments, Teredo among them (RFC 2928)
  prefixOf('2001:db8::/32'), // documentation (RFC 3849)
  prefixOf('2002::/16'), // 6to4 (RFC 7526: deprecated)
  prefixOf('3fff::/20'), // documentation (RFC 9637)
];

function prefixOf(text: string): IpPrefix {
  const prefix = parseIpPrefix(text);
  if (prefix === undefined) throw new RangeError(`${text} is no prefix.`);
  return prefix;
}
