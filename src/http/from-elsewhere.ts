import type { IncomingHttpHeaders } from 'node:http';

/**
 * Whether a page of another origin had the browser send a request, as Fetch Metadata tells: what is ours is for nobody's script,
 * image or frame. A page that a person opens by a link is not meant. Other programs, and browsers from before 2023, tell nothing.
 */
export function isFromElsewhere(headers: IncomingHttpHeaders): boolean {
  const site = headers['sec-fetch-site'];
  if (site === undefined || site === 'same-origin' || site === 'none') return false;
  return headers['sec-fetch-mode'] !== 'navigate' || headers['sec-fetch-dest'] !== 'document';
}
