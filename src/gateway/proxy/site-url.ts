import { classifyLabel } from '../../pkarr/public-key.ts';
import { type OpenedSite, readSiteHost } from '../site-host.ts';

/** How a site's own addresses and those that the browser has for it translate into each other. */
export interface SiteUrls {
  readonly site: OpenedSite;
  /** Of what the site believes: `https` for a verified one. */
  readonly scheme: 'http' | 'https';
}

/**
 * An address in an answer, for the browser: what names a key, this or another, is opened at the gateway; all else stays. A port
 * is left out, for the packets say which one it is.
 */
export function forBrowser(address: string, { site, scheme }: SiteUrls): string {
  // A path stays a path, whoever reads it.
  if (!/^(?:[a-z][a-z0-9+.-]*:|[/\\]{2})/i.test(address)) return address;
  const absolute = address.replace(/^pk:(?:\/\/)?/i, 'https://');
  const base = `${scheme}://${site.host}/`;
  if (!URL.canParse(absolute, base)) return address;
  const url = new URL(absolute, base);
  if (url.protocol !== 'http:' && url.protocol !== 'https:') return address;
  // `KEY.key` by default, and `KEY.internal` everywhere, mean `KEY`.
  const host = url.hostname.replace(/\.$/, '').replace(/\.(?:key|internal)$/, '');
  if (classifyLabel(host.split('.').at(-1) ?? '').kind !== 'key') return address;
  return `http://${host}.localhost${site.port}${url.pathname}${url.search}${url.hash}`;
}

/** An Origin, Referer or Destination of the opened key, as the site knows it; others stay as they are. */
export function forSite(address: string, { site, scheme }: SiteUrls): string {
  if (!URL.canParse(address)) return address;
  const url = new URL(address);
  const found = readSiteHost(url.host);
  if (found.kind !== 'site' || !found.site.key.equals(site.key)) return address;
  const origin = `${scheme}://${found.site.host}`;
  // RFC 6454 §6.2: an origin has no path.
  return address === url.origin ? origin : `${origin}${url.pathname}${url.search}`;
}
