import type { IncomingHttpHeaders } from 'node:http';
import { isFromElsewhere, isOwnOrigin } from '../routing/from-elsewhere.ts';

/** Whether a request is taken, and what the browser is to be told. */
export type OriginVerdict =
  | { readonly kind: 'taken'; readonly headers: Readonly<Record<string, string>> }
  /** A sentence for whoever looks at it in the browser's tools. */
  | { readonly kind: 'refused'; readonly reason: string };

/** Any origin, as a value of the setting `relay-origins`. */
const ANY_ORIGIN = '*';

/** What scripts may read beside what CORS lets them read anyway (Fetch §2.2.6). */
const EXPOSED =
  'etag, memento-datetime, pkarr-dht-stored-nodes, pkarr-invalid-signed-packet-seq, pkarr-warning, retry-after';

/**
 * What a page of another origin may do here: nothing, unless `relay-origins` names its origin. A lookup that any page could cause by
 * an image would tell its owner, by the time it takes, which keys were opened here; so what a browser sends for another site
 * without saying which is refused too.
 */
export function judgeOrigin(headers: IncomingHttpHeaders, named: readonly string[]): OriginVerdict {
  const { origin } = headers;
  if (origin !== undefined) {
    if (isOwn(headers)) return { kind: 'taken', headers: {} };
    const isAny = named.includes(ANY_ORIGIN);
    if (!isAny && !named.includes(origin))
      return refused('"relay-origins" does not name the origin of this page.');
    // Without credentials: there are none here.
    const allowed = { 'access-control-allow-origin': isAny ? ANY_ORIGIN : origin };
    return { kind: 'taken', headers: { ...allowed, 'access-control-expose-headers': EXPOSED } };
  }
  if (isFromElsewhere(headers))
    return refused('A page of another site caused this request, and does not say which.');
  // Browsers tell where a request comes from since 2023. One that does not could ask for any page.
  if (headers['sec-fetch-site'] === undefined && headers['user-agent']?.startsWith('Mozilla/') === true)
    return refused('This browser does not say which page causes its requests.');
  return { kind: 'taken', headers: {} };
}

/** For a preflight (Fetch §4.8): no header of a request changes what it does here but those that are meant for it. */
export function preflightHeaders(asked: IncomingHttpHeaders): Readonly<Record<string, string>> {
  if (asked['access-control-request-method'] === undefined) return {};
  return {
    'access-control-allow-methods': 'GET, HEAD, PUT',
    'access-control-allow-headers': '*',
    // Two hours: the most that Chromium remembers.
    'access-control-max-age': '7200',
  };
}

/** Whether a page of this server asks. */
function isOwn(headers: IncomingHttpHeaders): boolean {
  const site = headers['sec-fetch-site'];
  return site === undefined ? isOwnOrigin(headers) : site === 'same-origin';
}

function refused(reason: string): OriginVerdict {
  return { kind: 'refused', reason: `${reason}\n` };
}
