import { type IncomingMessage, type ServerResponse, STATUS_CODES } from 'node:http';
import type { Duplex } from 'node:stream';
import type { ListenAddress } from '../../config/listen-address.ts';
import { readSiteHost } from '../../gateway/site-host.ts';
import { bareResponse } from '../bare-response.ts';
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
      const host = hostOf(request);
      if (isSite(host)) return sites.handle(request, response);
      if (!isOurHost(host, addresses)) return answer(response, 421);
      answerOwn(request, response);
    },
    upgrade(request, socket, head) {
      const host = hostOf(request);
      if (isSite(host)) return sites.upgrade(request, socket, head);
      socket.end(bareResponse(isOurHost(host, addresses) ? 404 : 421));
    },
    close: () => sites.close(),
  };
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
