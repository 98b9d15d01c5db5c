import type { IncomingMessage } from 'node:http';
import { classifyLabel } from '../pkarr/public-key.ts';
import { GatewayFailure } from './failure/failure.ts';
import { refuseCrossSite } from './proxy/cross-site.ts';

/** As in `readSiteHost`: what stands before the petname, the petname, and the port. */
const SHAPE = /^((?:[a-z0-9_-]{1,63}\.)*)([a-z0-9-]{1,63})\.localhost\.?(:\d{1,5})?$/i;

/** No `Host` of a name is longer: 253 characters (RFC 1035 §2.3.4), a final dot and a port. */
const MAX_LENGTH = 253 + 7;

/**
 * Where a request for `[label.]*alice.localhost` is sent instead: the same address of the site of the key that alice means.
 * The pages of a site, and what it keeps in the browser, belong to the origin of its key, also when the name means another key
 * tomorrow; so nothing is ever served under a petname.
 *
 * Undefined when the host is no petname, and also for what a page of another site had the browser request: it would learn from
 * the answer which names somebody has, and so gets the answer of a name that there is not.
 * @param keyOf the key, as text, that a label in lower case means.
 */
export function petnameTarget(
  request: IncomingMessage,
  host: string | undefined,
  keyOf: (label: string) => string | undefined,
): string | undefined {
  if (host === undefined || host.length > MAX_LENGTH) return undefined;
  const [, labels = '', label, port = ''] = SHAPE.exec(host) ?? [];
  const text = label === undefined ? undefined : keyOf(label.toLowerCase());
  const verdict = classifyLabel(text ?? '');
  if (verdict.kind !== 'key') return undefined;
  try {
    refuseCrossSite(request, verdict);
  } catch (error) {
    if (!(error instanceof GatewayFailure)) throw error;
    return undefined;
  }
  return `http://${labels.toLowerCase()}${verdict.key}.localhost${port}${request.url ?? '/'}`;
}
