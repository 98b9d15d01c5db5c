import type { PublicKey } from '../../pkarr/public-key.ts';
import { guardDocument } from './document-headers.ts';
import { type HeaderLines, headerLines, withoutHopByHop } from './header-lines.ts';
import { permissionsOff } from './permissions-policy.ts';
import { forBrowser, type SiteUrls } from './site-url.ts';

/** Tells how a site was fetched: `verified; key=KEY`, or `plain`. A site cannot set it. */
const SITE_HEADER = 'pkarrd-site';

/** Fields of an answer that are dropped, by the reason. */
const dropped: ReadonlySet<string> = new Set([
  // For a host on all its ports, and we speak no TLS: the browser would never come back (RFC 6797 §8.2).
  'strict-transport-security',
  'public-key-pins',
  'public-key-pins-report-only',
  'expect-ct',
  // They name other ways to the server, past the gateway and the check of the key (RFC 7838, RFC 9000).
  'alt-svc',
  'alt-used',
  'alternate-protocol',
  // Reports of the network between browser and site, and there is none: it ends here.
  'nel',
  'report-to',
  // Permissions for pages of the Internet to reach this machine.
  'access-control-allow-private-network',
  'access-control-allow-local-network',
  'private-network-access-name',
  'private-network-access-id',
  // Ours to say.
  SITE_HEADER,
]);

/**
 * Fields of a site that was fetched in the clear. What anybody on the way says must not outlive the visit, so that it does not
 * meet a later, verified one: no cached copy, no worker, no cleared data, and none of the browser's powers.
 */
const droppedInClear: ReadonlySet<string> = new Set([
  'service-worker-allowed',
  'clear-site-data',
  'permissions-policy',
  'feature-policy',
  'cache-control',
  'expires',
  'pragma',
]);

/** How a site was fetched. */
export type Fetched = { readonly kind: 'verified'; readonly key: PublicKey } | { readonly kind: 'plain' };

/** What a site answers with, but for the body. */
export interface SiteAnswer {
  readonly statusCode?: number | undefined;
  readonly rawHeaders: readonly string[];
}

/** The fields of an answer for the browser. */
export function responseHeaders(
  { statusCode = 502, rawHeaders }: SiteAnswer,
  fetched: Fetched,
  urls: SiteUrls,
): HeaderLines {
  const lines = withoutHopByHop(headerLines(rawHeaders));
  for (const name of dropped) lines.delete(name);
  if (fetched.kind === 'plain') for (const name of droppedInClear) lines.delete(name);
  translate(lines, urls);
  guardDocument(lines, statusCode);
  lines.set(SITE_HEADER, [fetched.kind === 'plain' ? 'plain' : `verified; key=${fetched.key}`]);
  if (fetched.kind === 'plain') {
    lines.set('permissions-policy', [permissionsOff]);
    lines.set('cache-control', ['no-store']);
  }
  return lines;
}

/** The fields that may follow a body (RFC 9110 §6.5.1): none that a browser would have had to know before it. */
export function trailerFields(site: HeaderLines): HeaderLines {
  return new Map([...withoutHopByHop(site)].filter(([name]) => trailers.has(name) || name.startsWith('x-')));
}

const trailers: ReadonlySet<string> = new Set([
  'digest',
  'content-digest',
  'repr-digest',
  'server-timing',
  'etag',
]);

function translate(lines: HeaderLines, urls: SiteUrls): void {
  const change = (name: string, by: (value: string) => string) => {
    const values = lines.get(name);
    if (values !== undefined) lines.set(name, values.map(by));
  };
  change('location', (value) => forBrowser(value, urls));
  change('content-location', (value) => forBrowser(value, urls));
  change('refresh', (value) =>
    value.replace(
      /^(\s*[\d.]*\s*[;,]\s*(?:url\s*=\s*)?["']?)([^"']+)/i,
      (_, head: string, url: string) => head + forBrowser(url.trim(), urls),
    ),
  );
  change('access-control-allow-origin', (value) => forBrowser(value, urls).replace(/\/$/, ''));
  change('set-cookie', hostOnly);
}

/**
 * A cookie without its Domain: RFC 6265 §5.3 step 6 makes it one of the host alone. The site's own domain is not what the
 * browser sees, and one for `localhost` would reach every key and every other program of this machine.
 */
function hostOnly(cookie: string): string {
  return cookie
    .split(';')
    .filter((part, index) => index === 0 || !/^\s*domain\s*(?:=|$)/i.test(part))
    .join(';');
}
