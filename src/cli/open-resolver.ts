import type { ConfigProblem } from '../config/config-error.ts';
import type { LoadedSettings } from '../config/load-settings.ts';
import { ipClass } from '../ip/address-class.ts';
import { type IpPrefix, ipPrefixToText } from '../ip/prefix.ts';
import { ipv4FromText, ipv6FromText } from '../ip/text.ts';

/**
 * A prefix that is shorter covers networks of strangers: a site has at most 10.0.0.0/8 of IPv4 (RFC 1918), and a registry
 * gives no network a shorter IPv6 prefix than 16 bits.
 */
const SHORTEST = { ipv4: 8, ipv6: 16 } as const;

/**
 * Warns of an open resolver, which anybody on the Internet can use to flood others with its answers (RFC 5358 §1): it
 * listens on more than loopback, and `allow-from` has a prefix that covers much of the Internet.
 */
export function openResolverWarnings({
  settings: { listen, tlsListen, https, httpsPlain, allowFrom },
  origins,
}: Pick<LoadedSettings, 'settings' | 'origins'>): readonly ConfigProblem[] {
  if (allowFrom === 'default') return [];
  const addresses = [...(listen === 'default' ? [] : listen), ...tlsListen, ...https, ...httpsPlain];
  if (!addresses.some(({ host }) => isReachable(host))) return [];
  return allowFrom.filter(coversStrangers).map((prefix) => ({
    where: origins.allowFrom,
    message:
      `${ipPrefixToText(prefix)} makes this an open resolver if it can be reached from the Internet: attackers can use ` +
      'it to flood others (RFC 5358). Allow only your own networks.',
  }));
}

function coversStrangers({ octets, length }: IpPrefix): boolean {
  return length < (octets.length === 4 ? SHORTEST.ipv4 : SHORTEST.ipv6);
}

/** A wildcard has the class of loopback, because a connection to it ends here, but listens everywhere. */
function isReachable(host: string): boolean {
  const octets = ipv4FromText(host) ?? ipv6FromText(host);
  if (octets === undefined) return true;
  return octets.every((octet) => octet === 0) || ipClass(octets) !== 'loopback';
}
