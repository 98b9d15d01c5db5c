import { canonicalAddress } from '../../ip/address.ts';
import type { Endpoint } from '../own-addresses.ts';

/** What a link (an interface, such as that of a VPN) says of DNS. */
export interface LinkState {
  /** The name of the interface. */
  readonly link: string;
  /** Its resolvers, in order. */
  readonly servers: readonly Endpoint[];
  /** Domains whose names its resolvers know, in lower case and without a final dot; search domains are among them. */
  readonly domains: readonly string[];
  /** Those of them that programs put behind names. */
  readonly search: readonly string[];
  /** Its resolvers want to be asked for every name: `~.`. */
  readonly takesAll: boolean;
}

/** The most resolvers and the most domains of a link that are looked at. */
const MAX_SERVERS = 16;
const MAX_DOMAINS = 128;

const DNS_PORT = 53;

/**
 * Reads what systemd keeps of a link: /run/systemd/resolve/netif/N, for links whose resolvers were set by other programs
 * (resolvectl(1), VPN programs), or /run/systemd/netif/links/N, for those of systemd-networkd. The lines have the form
 * `KEY=VALUE`, and values are separated by blanks. Undefined when the link has no resolvers. Never throws.
 */
export function parseLinkState(text: string, link: string): LinkState | undefined {
  const values = new Map<string, readonly string[]>();
  for (const line of text.split('\n')) {
    const [, key = '', value = ''] = /^(SERVERS|DNS|DOMAINS|ROUTE_DOMAINS)=(.*)$/.exec(line.trim()) ?? [];
    if (key !== '') values.set(key, value.split(/\s+/).filter(Boolean));
  }
  const { length } = values.get('SERVERS') ?? [];
  return linkState(link, {
    servers: (length > 0 ? values.get('SERVERS') : values.get('DNS')) ?? [],
    domains: [
      ...(values.get('DOMAINS') ?? []),
      ...(values.get('ROUTE_DOMAINS') ?? []).map((domain) => `~${domain.replace(/^~/, '')}`),
    ],
  });
}

/**
 * The state of a link from its servers (`10.88.0.1`, `10.88.0.1:53`, `[fe80::1%tun0]:53#name`) and domains as
 * systemd-resolved writes them, with `~` in front of those that are not search domains. Undefined without resolvers.
 */
export function linkState(
  link: string,
  written: { readonly servers: readonly string[]; readonly domains: readonly string[] },
): LinkState | undefined {
  const servers = written.servers.slice(0, MAX_SERVERS).flatMap((text) => serverOf(text, link) ?? []);
  if (servers.length === 0) return undefined;
  const domains = written.domains.slice(0, MAX_DOMAINS).map((text) => text.toLowerCase());
  const plain = (text: string): string => text.replace(/^~/, '').replace(/\.$/, '');
  return {
    link,
    servers,
    domains: [...new Set(domains.map(plain))].filter(Boolean),
    search: [...new Set(domains.filter((text) => !text.startsWith('~')).map(plain))].filter(Boolean),
    takesAll: domains.some((text) => plain(text) === ''),
  };
}

/** Servers with a name behind `#` are asked without TLS, as systemd-resolved does by default. */
function serverOf(text: string, link: string): Endpoint | undefined {
  const withoutName = text.replace(/#.*$/, '');
  const [, bracketed, plain, port] =
    /^(?:\[([^\]]+)\]|([\d.]+(?=:\d+$)))(?::(\d{1,5}))?$/.exec(withoutName) ?? [];
  const host = (bracketed ?? plain ?? withoutName).replace(/%.*$/, '');
  const address = canonicalAddress(host);
  const number = port === undefined ? DNS_PORT : Number(port);
  if (address === undefined || number < 1 || number > 65_535) return undefined;
  // RFC 4007 §11.2: a link-local address means something on its own link only.
  return { address: /^fe[89ab]/.test(address) ? `${address}%${link}` : address, port: number };
}
