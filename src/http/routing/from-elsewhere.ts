import type { IncomingHttpHeaders } from 'node:http';

/**
 * Whether a page of another origin had the browser send a request, as Fetch Metadata tells: what is ours is for nobody's script,
 * image or frame. Other programs, and browsers from before 2023, tell nothing.
 */
export function isFromElsewhere(headers: IncomingHttpHeaders): boolean {
  const site = headers['sec-fetch-site'];
  return site !== undefined && site !== 'same-origin' && site !== 'none';
}

/** Whether a request is that of a person who follows a link: the page that had it sent sees nothing of the answer. */
export function comesByLink(headers: IncomingHttpHeaders): boolean {
  return headers['sec-fetch-mode'] === 'navigate' && headers['sec-fetch-dest'] === 'document';
}
