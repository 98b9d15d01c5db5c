import { type IncomingMessage, type ServerResponse, STATUS_CODES } from 'node:http';
import type { Duplex } from 'node:stream';
import type { ListenAddress } from '../../config/listen-address.ts';
import { readSiteHost } from '../../gateway/site-host.ts';
import { bareResponse } from '../bare-response.ts';
import { isFromElsewhere } from '../from-elsewhere.ts';
import { limits } from '../limits.ts';
import { isOurHost } from '../our-host.ts';
import { ownHeaders } from '../own-headers.ts';

/** Who answers for the sites of keys: the gateway. */
export interface Sites {
  handle(request: IncomingMessage, response: ServerResponse): void;
  upgrade(request: IncomingMessage, socket: Duplex, head: Buffer): void;
  /** Ends what is in flight. */
  close(): void;
}

/** What requests are answered with. */
export interface RouteParts {
  readonly sites: Sites;
  /** Where the server listens. */
  readonly addresses: readonly ListenAddress[];
}

/**
 * Looks at `Host` before anything else. A page elsewhere whose name its owner points at this machine (DNS rebinding) sends the name
 * of its own; nothing is served under a name that is not ours. `KEY.localhost` is the gateway's.
 */
export function createRoutes({ sites, addresses }: RouteParts): Sites {
  return {
    handle(request, response) {
      endEarly(request, response);
      if (request.rawHeaders.length > 2 * limits.headers) {
        answer(response, 431);
        return;
      }
      const host = hostOf(request);
      if (isSite(host)) sites.handle(request, response);
      else if (!isOurHost(host, addresses)) answer(response, 421);
      else if (isFromElsewhere(request.headers)) answer(response, 403);
      else answerOwn(request, response);
    },
    upgrade(request, socket, head) {
      const host = hostOf(request);
      if (isSite(host)) sites.upgrade(request, socket, head);
      else socket.end(bareResponse(isOurHost(host, addresses) ? 404 : 421));
    },
    close: () => sites.close(),
  };
}

/** An answer that came before the end of its request does not make us read the rest for ever. */
function endEarly(request: IncomingMessage, response: ServerResponse): void {
  response.once('finish', () => {
    if (!request.complete) setTimeout(() => request.socket.destroy(), limits.lingerMs);
  });
}

/** The one `Host`; undefined when there is none, or when there are several that somebody else might read another one of. */
function hostOf({ headersDistinct: headers, url = '' }: IncomingMessage): string | undefined {
  // RFC 9112 §3.2.2 would have the host of an absolute target take the place of Host; only proxies are sent such targets.
  if (!url.startsWith('/') && url !== '*') return undefined;
  const { host: hosts = [] } = headers;
  return hosts.length === 1 ? hosts[0] : undefined;
}

function isSite(host: string | undefined): boolean {
  return readSiteHost(host).kind !== 'other';
}

function answerOwn(request: IncomingMessage, response: ServerResponse): void {
  const path = (request.url ?? '').replace(/\?.*$/s, '');
  if (path !== '/') answer(response, 404);
  else if (request.method !== 'GET' && request.method !== 'HEAD')
    answer(response, 405, { allow: 'GET, HEAD' });
  else answer(response, 200, {}, 'pkarrd opens the site of a key at http://KEY.localhost, at this port.\n');
}

function answer(
  response: ServerResponse,
  status: number,
  headers: Readonly<Record<string, string>> = {},
  text = `${STATUS_CODES[status]}\n`,
): void {
  response.writeHead(status, {
    ...ownHeaders,
    'content-type': 'text/plain; charset=utf-8',
    'content-length': Buffer.byteLength(text),
    ...headers,
  });
  response.end(text);
}
