import type { IncomingMessage } from 'node:http';
import { GatewayFailure } from '../failure/failure.ts';
import { type OpenedSite, readSiteHost } from '../site-host.ts';

/**
 * Refuses what a page of another site had the browser request: the gateway would look up any key for it and connect to any server,
 * and the time that takes tells the page what this machine knows. Only a top-level navigation is taken, which the person
 * sees, and which shows that page nothing.
 * @throws GatewayFailure `cross-site`, `old-browser`
 */
export function refuseCrossSite({ headers }: IncomingMessage, site: Pick<OpenedSite, 'key'>): void {
  const isWebSocket = headers.upgrade !== undefined;
  const fetchSite = headers['sec-fetch-site'];
  if (isSpeculative(headers) && fetchSite !== 'same-origin') throw new GatewayFailure('cross-site');
  // Chromium sends no Fetch Metadata with a WebSocket, but always its Origin (RFC 6455 §4.1).
  if (fetchSite !== undefined && !isWebSocket) {
    const isOwn = ownSites.has(String(fetchSite)) || (fetchSite === 'none' && headers.referer === undefined);
    if (isOwn || isNavigation(headers)) return;
    throw new GatewayFailure('cross-site');
  }
  const from = headers.origin ?? headers.referer;
  if (from !== undefined && !isOfKey(from, site)) throw new GatewayFailure('cross-site');
  // A browser that does not say where a request comes from may leave out the rest too: a page can ask for that. What comes with
  // an Origin of the key is from its own page.
  if (headers.origin === undefined && headers['user-agent']?.startsWith('Mozilla/') === true)
    throw new GatewayFailure('old-browser');
}

/**
 * Fetch Metadata §2.3. `none` is what a person typed or opened from outside of any page, and then there is no Referer; Chromium says
 * so of what the rules of another page have it fetch ahead, too.
 */
const ownSites: ReadonlySet<string> = new Set(['same-origin', 'same-site']);

function isNavigation(headers: IncomingMessage['headers']): boolean {
  return headers['sec-fetch-mode'] === 'navigate' && headers['sec-fetch-dest'] === 'document';
}

/**
 * Whether a browser fetches what a person may want to see next, as a page tells it to or as it guesses itself: to it a
 * navigation, and nobody sees it. Fetch §4.6 "Sec-Purpose", and the names that it had before.
 */
export function isSpeculative(headers: IncomingMessage['headers']): boolean {
  return ['sec-purpose', 'purpose', 'x-purpose', 'x-moz'].some((name) => headers[name] !== undefined);
}

/** Whether an Origin or Referer is of the opened key, or of a name below it. */
function isOfKey(from: string, { key }: Pick<OpenedSite, 'key'>): boolean {
  if (!URL.canParse(from)) return false;
  const found = readSiteHost(new URL(from).host);
  return found.kind === 'site' && found.site.key.equals(key);
}
