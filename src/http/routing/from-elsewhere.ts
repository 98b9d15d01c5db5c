import type { IncomingHttpHeaders } from 'node:http';
import { isSpeculative } from '../../gateway/proxy/cross-site.ts';

/**
 * Whether a page of another origin had the browser send a request, as Fetch Metadata tells: what is ours is for nobody's script,
 * image or frame. Other programs, and browsers from before 2023, tell nothing. What is fetched ahead may be what another page wants,
 * even where the browser says `none`, and nobody needs it ahead.
 */
export function isFromElsewhere(headers: IncomingHttpHeaders): boolean {
  const site = headers['sec-fetch-site'];
  if (isSpeculative(headers)) return true;
  if (site === 'none') return headers.referer !== undefined;
  if (site === undefined) return headers.origin !== undefined && !isOwnOrigin(headers);
  return site !== 'same-origin';
}

/** Whether `Origin`, which a browser sends with what scripts and forms do, is that of this server. */
export function isOwnOrigin({ origin, host }: IncomingHttpHeaders): boolean {
  return host !== undefined && (origin === `http://${host}` || origin === `https://${host}`);
}

/** Whether a request is that of a person who follows a link: the page that had it sent sees nothing of the answer. */
export function comesByLink(headers: IncomingHttpHeaders): boolean {
  if (isSpeculative(headers)) return false;
  return headers['sec-fetch-mode'] === 'navigate' && headers['sec-fetch-dest'] === 'document';
}
