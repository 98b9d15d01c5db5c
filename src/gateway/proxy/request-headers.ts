import type { IncomingMessage } from 'node:http';
import { type HeaderLines, headerLines, withoutHopByHop } from './header-lines.ts';
import { forSite, type SiteUrls } from './site-url.ts';

/** RFC 9110 §7.6.3: "an HTTP-to-HTTP gateway MUST send an appropriate Via header field in each inbound request". */
const VIA = '1.1 pkarrd';

/** Fields that a page or program could set, and a site could take for what a proxy says of its client. */
const notForwarded: readonly string[] = [
  'forwarded',
  'x-forwarded-for',
  'x-forwarded-host',
  'x-forwarded-port',
  'x-forwarded-proto',
  'x-forwarded-server',
  'x-real-ip',
  // The server answered it before the request came here (RFC 9110 §10.1.1).
  'expect',
];

/** The fields of a request to a site. `Host` is the name that was opened, whichever server it is that gets it. */
export function requestHeaders(request: IncomingMessage, urls: SiteUrls): HeaderLines {
  const lines = withoutHopByHop(headerLines(request.rawHeaders));
  for (const name of notForwarded) lines.delete(name);
  lines.set('host', [urls.site.host]);
  for (const name of ['origin', 'referer']) {
    const values = lines.get(name);
    if (values !== undefined)
      lines.set(
        name,
        values.map((value) => forSite(value, urls)),
      );
  }
  lines.set('via', [...(lines.get('via') ?? []), VIA]);
  return lines;
}
