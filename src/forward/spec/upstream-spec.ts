import { isIP } from 'node:net';
import type { Name } from '../../dns/name.ts';
import { canonicalAddress } from '../../ip/address.ts';
import { parseRouteDomains } from './route-domains.ts';
import { whyUnusable } from './server-address.ts';
import { foreignForm, refusal, UpstreamSpecError } from './spec-error.ts';

/** How a DNS over TLS server is authenticated (RFC 8310 §6 and §8). */
export type TlsIdentity =
  /** Its certificate is valid for this host name or address. */
  | { readonly kind: 'name'; readonly name: string }
  /** The SHA-256 of its certificate's public key, in base64 (RFC 7858 §4.2). */
  | { readonly kind: 'pin'; readonly sha256: string };

/** A parsed upstream. Addresses are numeric and canonical, ports 1 to 65,535. A closed list. */
export type UpstreamSpec =
  /** UDP, and TCP where UDP is not enough. */
  | { readonly kind: 'udp'; readonly address: string; readonly port: number }
  /** Only TCP (RFC 7766). */
  | { readonly kind: 'tcp'; readonly address: string; readonly port: number }
  /** DNS over TLS (RFC 7858). Without an address, `host` has to be resolved through the other upstreams. */
  | {
      readonly kind: 'tls';
      readonly address: string | undefined;
      readonly host: string | undefined;
      readonly port: number;
      readonly identity: TlsIdentity;
    }
  /** DNS over HTTPS (RFC 8484). Without an address, `host` has to be resolved through the other upstreams. */
  | {
      readonly kind: 'https';
      readonly address: string | undefined;
      readonly host: string;
      readonly port: number;
      /** Path of the URL, with its leading slash. */
      readonly path: string;
    };

/** Names at and below `domains` go to `upstream`; `default` stands for the upstreams without a route. */
export interface RouteSpec {
  readonly domains: readonly [Name, ...Name[]];
  readonly upstream: UpstreamSpec | 'default';
  /** The link (interface) that it belongs to, if it is not of the configuration. */
  readonly link?: string;
}

/** One entry of a list of upstreams. */
export type UpstreamEntry =
  | { readonly kind: 'upstream'; readonly upstream: UpstreamSpec }
  | { readonly kind: 'route'; readonly route: RouteSpec };

const DNS_PORT = 53;
const TLS_PORT = 853;
const HTTPS_PORT = 443;

/** Maximum length of a text. */
const MAX_TEXT_LENGTH = 1024;

/**
 * Parses an upstream, or a route in dnsmasq's form: `/lan/192.168.1.1`, `/a.example/b.example/192.0.2.1`,
 * `/192.168.1.0/24/192.168.1.1` (the reverse names of that network), `/public.lan/#` (to the default upstreams).
 * @throws UpstreamSpecError
 */
export function parseUpstreamEntry(text: string): UpstreamEntry {
  const trimmed = text.trim();
  if (!trimmed.startsWith('/')) return { kind: 'upstream', upstream: parseUpstream(trimmed) };
  if (trimmed.length > MAX_TEXT_LENGTH) throw refusal(trimmed, 'it is too long');
  const words = trimmed.slice(1).split('/');
  const scheme = words.findIndex((word) => /^[a-z]+:$/i.test(word));
  const count = scheme < 0 ? words.length - 1 : scheme;
  const target = words.slice(count).join('/');
  const [first, ...rest] = parseRouteDomains(words.slice(0, count), trimmed);
  if (first === undefined || target === '') {
    throw new UpstreamSpecError(
      `"${trimmed}" is not a valid route: it needs a domain and an upstream; write it as in /lan/192.168.1.1`,
    );
  }
  const upstream = target === '#' ? 'default' : parseUpstream(target);
  return { kind: 'route', route: { domains: [first, ...rest], upstream } };
}

/**
 * Parses one upstream: `9.9.9.9`, `9.9.9.9:5353`, `2620:fe::fe`, `[2620:fe::fe]:53`, `udp://…`, `tcp://…`,
 * `tls://9.9.9.9#dns.quad9.net`, `tls://9.9.9.9#sha256/BASE64`, `tls://dns.quad9.net`,
 * `https://dns.quad9.net/dns-query@9.9.9.9`.
 * @throws UpstreamSpecError
 */
export function parseUpstream(text: string): UpstreamSpec {
  const trimmed = text.trim();
  if (trimmed.length > MAX_TEXT_LENGTH) throw refusal(trimmed, 'it is too long');
  const foreign = foreignForm(trimmed);
  if (foreign !== undefined) throw foreign;
  const scheme = /^([a-z0-9+.-]+):\/\//i.exec(trimmed);
  const rest = scheme === null ? trimmed : trimmed.slice(scheme[0].length);
  switch (scheme?.[1]?.toLowerCase()) {
    case undefined:
    case 'udp':
      return { kind: 'udp', ...parseEndpoint(rest, DNS_PORT, trimmed) };
    case 'tcp':
      return { kind: 'tcp', ...parseEndpoint(rest, DNS_PORT, trimmed) };
    case 'tls':
      return parseTls(rest, trimmed);
    case 'https':
      return parseHttps(rest, trimmed);
    default:
      throw refusal(trimmed, `${scheme?.[0] ?? ''} is not supported`);
  }
}

/** The shortest text for this upstream; the same for equal upstreams. */
export function specToText(spec: UpstreamSpec): string {
  switch (spec.kind) {
    case 'udp':
      return endpointToText(spec.address, spec.port, DNS_PORT);
    case 'tcp':
      return `tcp://${endpointToText(spec.address, spec.port, DNS_PORT)}`;
    case 'tls': {
      const server = endpointToText(spec.host ?? spec.address ?? '', spec.port, TLS_PORT);
      const at = spec.host !== undefined && spec.address !== undefined ? `@${spec.address}` : '';
      const { identity } = spec;
      if (identity.kind === 'pin') return `tls://${server}${at}#sha256/${identity.sha256}`;
      return `tls://${server}${at}${identity.name === (spec.host ?? spec.address) ? '' : `#${identity.name}`}`;
    }
    case 'https': {
      const at = spec.address === undefined || spec.address === spec.host ? '' : `@${spec.address}`;
      return `https://${endpointToText(spec.host, spec.port, HTTPS_PORT)}${spec.path}${at}`;
    }
  }
}

function parseTls(rest: string, whole: string): UpstreamSpec {
  const hash = rest.indexOf('#');
  const { server, at } = splitAt(hash < 0 ? rest : rest.slice(0, hash), whole);
  const { host, port } = parseHostPort(server, TLS_PORT, whole);
  const isNumeric = canonicalAddress(host) !== undefined;
  const identity = hash < 0 ? undefined : parseIdentity(rest.slice(hash + 1), whole);
  return {
    kind: 'tls',
    address: isNumeric ? host : at,
    host: isNumeric ? undefined : host,
    port,
    identity: identity ?? { kind: 'name', name: host },
  };
}

function parseIdentity(text: string, whole: string): TlsIdentity {
  if (text.startsWith('sha256/')) {
    const sha256 = text.slice('sha256/'.length);
    // 32 octets in base64.
    if (!/^[A-Za-z0-9+/]{43}=$/.test(sha256))
      throw refusal(whole, 'a pin is sha256/ and 44 characters of base64');
    return { kind: 'pin', sha256 };
  }
  const name = hostName(text);
  if (name === undefined) throw refusal(whole, `"${text}" is not a host name`);
  return { kind: 'name', name };
}

function parseHttps(rest: string, whole: string): UpstreamSpec {
  const { server, at } = splitAt(rest, whole);
  const slash = server.indexOf('/');
  const { host, port } = parseHostPort(slash < 0 ? server : server.slice(0, slash), HTTPS_PORT, whole);
  const path = slash < 0 ? '/dns-query' : server.slice(slash);
  // RFC 8484 §3 configures clients with a template. Here the method is chosen automatically.
  const template = /^(.*)\{\?dns\}$/.exec(path);
  if (template !== null) {
    const url = whole.replace('{?dns}', '');
    throw refusal(whole, 'it ends with the variable of a URI template', `write ${url}`);
  }
  if (!/^\/[!-z|~]*$/.test(path) || path.includes('#'))
    throw refusal(whole, `"${path}" is not the path of a URL`);
  return { kind: 'https', address: canonicalAddress(host) === undefined ? at : host, host, port, path };
}

/** The parts before and after the last `@`. */
function splitAt(text: string, whole: string): { readonly server: string; readonly at: string | undefined } {
  const index = text.lastIndexOf('@');
  if (index < 0) return { server: text, at: undefined };
  const written = text.slice(index + 1).replace(/^\[(.*)\]$/, '$1');
  const at = canonicalAddress(written);
  if (at === undefined) throw refusal(whole, `"${written}" behind the @ is not an IP address`);
  refuseUnusable(at, whole);
  return { server: text.slice(0, index), at };
}

function parseEndpoint(text: string, defaultPort: number, whole: string): { address: string; port: number } {
  const { host, port } = parseHostPort(text, defaultPort, whole);
  if (canonicalAddress(host) === undefined) {
    throw refusal(whole, `"${host}" is a host name, and UDP and TCP need an IP address`);
  }
  return { address: host, port };
}

/** `host` is a canonical address or a host name in lower case. */
function parseHostPort(text: string, defaultPort: number, whole: string): { host: string; port: number } {
  const bracketed = /^\[([^\]]*)\](?::(.*))?$/.exec(text);
  const plain = isIP(text) === 6 ? [text, text] : /^([^:]*)(?::(.*))?$/.exec(text);
  const [, written = '', portText] = bracketed ?? plain ?? [];
  const isBracketedName = bracketed !== null && isIP(written) !== 6;
  const host = isBracketedName ? undefined : (canonicalAddress(written) ?? hostName(written));
  if (host === undefined)
    throw refusal(
      whole,
      written === '' ? 'the address is missing' : `"${written}" is neither an IP address nor a host name`,
    );
  refuseUnusable(host, whole);
  if (portText === undefined) return { host, port: defaultPort };
  const port = /^\d{1,5}$/.test(portText) ? Number(portText) : 0;
  if (port < 1 || port > 65_535) throw refusal(whole, `"${portText}" is not a port from 1 to 65535`);
  return { host, port };
}

function refuseUnusable(host: string, whole: string): void {
  const why = whyUnusable(host);
  if (why !== undefined) throw refusal(whole, `${host} ${why}`);
}

/** A host name in lower case without a final dot; undefined for any other text (RFC 1123 §2.1, underscores allowed). */
function hostName(text: string): string | undefined {
  const name = text.replace(/\.$/, '').toLowerCase();
  const isName = name.length <= 253 && /^(?!-)[a-z0-9_-]{1,63}(?:\.[a-z0-9_-]{1,63})*$/.test(name);
  // Other programs take a last label of digits for an address.
  return isName && !/(?:^|\.)\d+$/.test(name) ? name : undefined;
}

function endpointToText(host: string, port: number, defaultPort: number): string {
  if (port === defaultPort) return host.includes(':') && defaultPort !== DNS_PORT ? `[${host}]` : host;
  return host.includes(':') ? `[${host}]:${port}` : `${host}:${port}`;
}
