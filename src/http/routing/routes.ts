import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Duplex } from 'node:stream';
import { TLSSocket } from 'node:tls';
import { LookupError } from '../../gateway/lookups.ts';
import { petnameTarget } from '../../gateway/petname-host.ts';
import { readSiteHost } from '../../gateway/site-host.ts';
import { isLoopback } from '../../ip/loopback.ts';
import { toOriginForm } from '../../system/https/origin-form.ts';
import { bareResponse } from '../bare-response.ts';
import { limits } from '../limits.ts';
import { clientAddress } from './client-address.ts';
import { comesByLink, isFromElsewhere } from './from-elsewhere.ts';
import { hostOf, isHostWrong } from './host-of.ts';
import { failureReply } from './lookup-failure.ts';
import type { RequestCounts } from './request-counts.ts';
import { respond } from './respond.ts';
import type { Route } from './route.ts';

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
  /** What there is under our own names. The first whose path it is answers. */
  readonly routes: readonly Route[];
  /** Whether a `Host` is ours: see `ourHosts`. */
  readonly isOurHost: (host: string | undefined) => boolean;
  /** The key, as text, that a petname means. */
  readonly petnameKey?: (label: string) => string | undefined;
  /** Whether an address is that of a proxy that is believed: see `clientAddress`. */
  readonly isProxy: (address: string) => boolean;
  /** Whether `allow-from` has the client. */
  readonly isAllowed: (client: string) => boolean;
  /** Counts requests by what they were answered with; without it nobody does. */
  readonly counts?: RequestCounts;
  /** Told what a route threw. */
  readonly onBug: (error: unknown) => void;
}

/**
 * Looks at `Host` before anything else. A page elsewhere whose name its owner points at this machine (DNS rebinding) sends the name
 * of its own; nothing is served under a name that is not ours. `KEY.localhost` is the gateway's, the rest is that of the routes.
 */
export function createRoutes(parts: RouteParts): Sites {
  const { sites, isOurHost, counts } = parts;
  return {
    handle(request, response) {
      toOriginForm(request);
      const host = hostOf(request);
      const target = isOurHost(host) ? undefined : ofPetname(host, request, parts);
      const isForGateway = target === undefined && isSite(host, request, parts);
      const service =
        isForGateway || target !== undefined
          ? 'gateway'
          : (routeOf(request, parts.routes)?.service ?? 'other');
      response.once('close', () => counts?.count(service, request.method, response.statusCode));
      if (request.rawHeaders.length > 2 * limits.headers) {
        respond(response, { status: 431 });
        return;
      }
      if (isHostWrong(request)) {
        respond(response, {
          status: 400,
          body: 'A request names one host.\n',
          headers: { connection: 'close' },
        });
        return;
      }
      if (target !== undefined) redirect(request, response, target);
      else if (isForGateway) sites.handle(request, response);
      else if (!isOurHost(host)) respond(response, { status: 421 });
      else answerOwn(request, response, parts);
    },
    upgrade(request, socket, head) {
      toOriginForm(request);
      const host = hostOf(request);
      if (isHostWrong(request)) socket.end(bareResponse(400));
      else if (isSite(host, request, parts)) sites.upgrade(request, socket, head);
      else socket.end(bareResponse(isOurHost(host) ? 404 : 421));
    },
    close: () => sites.close(),
  };
}

/**
 * Sites are for browsers of this machine, where names below `localhost` lead here (RFC 6761 §6.3): whoever asks for one over the
 * network, also through a proxy of this machine, uses it to reach others. The service manager may hand over a socket that is open
 * to the network; over TLS no certificate is for those names.
 */
function isSite(host: string | undefined, request: IncomingMessage, parts: RouteParts): boolean {
  return isFromHere(request, parts) && readSiteHost(host).kind !== 'other';
}

function isFromHere(request: IncomingMessage, { isProxy }: RouteParts): boolean {
  const { socket } = request;
  if (socket instanceof TLSSocket || !isLoopback(socket.localAddress ?? '')) return false;
  return isLoopback(clientAddress(request, isProxy));
}

/** Where the site of a petname is, under the same conditions. */
function ofPetname(
  host: string | undefined,
  request: IncomingMessage,
  parts: RouteParts,
): string | undefined {
  const { petnameKey } = parts;
  if (petnameKey === undefined || !isFromHere(request, parts)) return undefined;
  return petnameTarget(request, host, petnameKey);
}

/** `ownHeaders` keep browsers from remembering it: the name may mean another key tomorrow. */
function redirect(request: IncomingMessage, response: ServerResponse, location: string): void {
  const isRead = request.method === 'GET' || request.method === 'HEAD';
  if (isRead) respond(response, { status: 302, headers: { location } });
  else respond(response, { status: 405, headers: { allow: 'GET, HEAD' } });
}

/** Access comes before the method: who may not use a route learns nothing of it. */
function answerOwn(
  request: IncomingMessage,
  response: ServerResponse,
  { routes, isProxy, isAllowed, onBug }: RouteParts,
): void {
  const { method = '', url = '', headers } = request;
  const [path = '', ...query] = url.split('?');
  const route = routeOf(request, routes);
  const client = clientAddress(request, isProxy);
  // RFC 9110 §9.3.7: what the server is asked for as a whole.
  if (url === '*') respond(response, method === 'OPTIONS' ? ofServer : { status: 400 });
  else if (route === undefined) respond(response, { status: 404 });
  else if (route.access.clients === 'allow-from' && !isAllowed(client)) respond(response, { status: 403 });
  else if (isRefused(route, headers)) respond(response, { status: 403 });
  else if (route.methods !== 'judged-here' && !route.methods.some((one) => one === method))
    respond(response, { status: 405, headers: { allow: route.methods.join(', ') } });
  else {
    const gone = new AbortController();
    response.once('close', () => gone.abort());
    const exchange = {
      request,
      response,
      path,
      query: new URLSearchParams(query.join('?')),
      client,
      signal: gone.signal,
    };
    Promise.resolve()
      .then(() => route.handle(exchange))
      .catch((error: unknown) => {
        // It waited for something on behalf of a client that has gone.
        if (!gone.signal.aborted || error !== gone.signal.reason) fail(response, error, onBug);
      });
  }
}

const ofServer = { status: 204, headers: { allow: 'GET, HEAD, PUT, OPTIONS' } };

function routeOf({ url = '' }: IncomingMessage, routes: readonly Route[]): Route | undefined {
  const [path = ''] = url.split('?');
  return routes.find((one) => (typeof one.path === 'string' ? one.path === path : one.path(path)));
}

function isRefused({ access: { elsewhere } }: Route, headers: IncomingMessage['headers']): boolean {
  if (elsewhere === 'judged-here' || !isFromElsewhere(headers)) return false;
  return elsewhere === 'nothing' || !comesByLink(headers);
}

function fail(response: ServerResponse, error: unknown, onBug: (error: unknown) => void): void {
  // The main thread has told of its own errors, and to have too much to do is none.
  const isTold = error instanceof LookupError;
  if (!isTold) onBug(error);
  if (response.headersSent) response.destroy();
  else if (isTold) respond(response, { ...failureReply(error.kind), body: `${error.message}\n` });
  else respond(response, { status: 500, headers: { connection: 'close' } });
}
