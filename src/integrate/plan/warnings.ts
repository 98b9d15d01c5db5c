import type { Facts } from '../facts/facts.ts';

/** Domains that programs put behind names until now. */
export function searchWarning({ resolvConf, links }: Facts): readonly string[] {
  const search = [...resolvConf.search, ...(links ?? []).flatMap(({ domains }) => domains.filter(isSearch))]
    .map(plainDomain)
    .filter((domain) => domain !== '');
  const [first] = search;
  if (first === undefined) return [];
  return [
    `Names without a dot are no longer completed with ${[...new Set(search)].join(', ')}: ` +
      `write "printer.${first}" instead of "printer".`,
  ];
}

function isSearch(domain: string): boolean {
  return !domain.startsWith('~');
}

/** Domains that programs go on to put behind names. */
export function keptSearchWarning({ resolvConf }: Facts): readonly string[] {
  const search = resolvConf.search.map(plainDomain).filter((domain) => domain !== '');
  if (search.length === 0) return [];
  return [
    `Programs go on to put ${search.join(', ')} behind names without a dot. pkarrd does not pass on a key with such a domain.`,
  ];
}

/** Resolvers that systemd-resolved's own configuration names. */
export function globalWarning({ resolved }: Facts): readonly string[] {
  const servers = resolved?.globalServers ?? [];
  if (servers.length === 0) return [];
  return [
    `The configuration of systemd-resolved names ${servers.join(', ')}. pkarrd goes on to ask them as long as the network ` +
      'gives no others; set "upstream" to choose them for good.',
  ];
}

/** Resolvers that .network files name. */
export function staticWarning({ networkd }: Facts): readonly string[] {
  const servers = (networkd?.files ?? []).flatMap((file) => file.servers);
  if (servers.length === 0) return [];
  return [
    `.network files name ${[...new Set(servers)].join(', ')}. pkarrd goes on to ask them as long as the network gives no ` +
      'others; set "upstream" to choose them for good.',
  ];
}

/** Resolvers that /etc/resolv.conf names. */
export function keptServers({ resolvConf }: Facts): readonly string[] {
  const servers = resolvConf.servers.filter((server) => server !== '127.0.0.1');
  if (servers.length === 0) return [];
  return [
    `pkarrd goes on to ask ${servers.join(', ')}, which /etc/resolv.conf names now, unless "upstream" is set.`,
  ];
}

/** A domain without the mark of a route, and without its final dot; empty for the root. */
export function plainDomain(domain: string): string {
  return domain.toLowerCase().replace(/^~/, '').replace(/\.$/, '');
}
