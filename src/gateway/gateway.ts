import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Duplex } from 'node:stream';
import { orAborted } from '../async/or-aborted.ts';
import { errorPlace, errorText } from '../observe/error-text.ts';
import type { Log } from '../observe/log.ts';
import type { PublicKey } from '../pkarr/public-key.ts';
import { PacketWalk } from './chain/packet-walk.ts';
import { type DefaultPorts, defaultPorts, planSite, type SitePlan } from './chain/plan.ts';
import { SeenPackets } from './chain/seen-packets.ts';
import { AddressGuard } from './connect/address-guard.ts';
import { SiteAgent } from './connect/site-agent.ts';
import { GatewayFailure } from './failure/failure.ts';
import type { FailureCounts } from './failure/failure-counts.ts';
import { failurePage } from './failure/page.ts';
import { type GatewayLimits, gatewayLimits } from './limits.ts';
import type { Lookups } from './lookups.ts';
import { refuseCrossSite } from './proxy/cross-site.ts';
import type { Exchange } from './proxy/exchange.ts';
import { forwardRequest } from './proxy/forward-request.ts';
import { endWithAnswer, forwardUpgrade } from './proxy/forward-upgrade.ts';
import { lingerAfter } from './proxy/linger.ts';
import { Slots } from './proxy/slots.ts';
import { Turns } from './proxy/turns.ts';
import { type OpenedSite, readSiteHost } from './site-host.ts';

/** What a gateway depends on. */
export interface GatewayParts {
  readonly lookups: Lookups;
  /** Whether the setting `gateway-private` has this key: it may lead to addresses that are not globally reachable. */
  readonly isPrivateAllowed: (key: PublicKey) => boolean;
  /** The addresses of every interface of this machine, now. */
  readonly ownAddresses: () => readonly string[];
  readonly log: Log;
  /** Counts the failures that clients are told of. */
  readonly failures?: FailureCounts;
  /** Bounds other than those in force. */
  readonly limits?: Partial<GatewayLimits>;
  /** From 0 up to, not including, 1. */
  readonly random?: () => number;
  /** Ports of sites whose records name none: 80 and 443, unless a test has others. */
  readonly ports?: DefaultPorts;
}

/**
 * Opens the sites of keys for browsers, at `http://([label.]*)KEY.localhost`. It serves the requests of a server of node:http that
 * whoever makes it bounds: the size of headers, and the time for them. `requestTimeout` of that server must be 0, for
 * the gateway itself bounds bodies.
 */
export interface Gateway {
  /** Answers a request. Never throws. */
  handle(request: IncomingMessage, response: ServerResponse): void;
  /** Answers a request to upgrade, of which `head` are the first octets after it. Never throws. */
  upgrade(request: IncomingMessage, socket: Duplex, head: Buffer): void;
  /** Ends all that is in flight. */
  close(): void;
}

/** The reason of what is stopped because nobody waits for it. */
class ClientGone extends Error {
  override readonly name = 'ClientGone';
}

/** Makes a gateway. */
export function createGateway(parts: GatewayParts): Gateway {
  return new SiteGateway(parts);
}

class SiteGateway implements Gateway {
  readonly #parts: GatewayParts;
  readonly #limits: GatewayLimits;
  readonly #agent: SiteAgent;
  readonly #slots: Slots;
  readonly #seen = new SeenPackets();
  readonly #turns = new Turns();
  readonly #running = new Set<AbortController>();

  constructor(parts: GatewayParts) {
    this.#parts = parts;
    this.#limits = { ...gatewayLimits, ...parts.limits };
    this.#agent = new SiteAgent({ guard: new AddressGuard(parts), limits: this.#limits });
    this.#slots = new Slots(this.#limits);
  }

  handle(request: IncomingMessage, response: ServerResponse): void {
    // Neither is an internal error: the connection ends, and `close` follows.
    request.on('error', () => {});
    response.on('error', () => {});
    this.#exchange(request, response, (exchange) => forwardRequest(exchange, response)).catch(
      (error: unknown) => {
        if (response.headersSent || response.destroyed) {
          response.destroy();
          return;
        }
        const { status, headers, body } = this.#page(error, request);
        // What a site's answer began with before it turned out to be none.
        for (const name of response.getHeaderNames()) response.removeHeader(name);
        lingerAfter(request, response, this.#limits.lingerMs);
        response.writeHead(status, headers);
        response.end(request.method === 'HEAD' ? undefined : body);
      },
    );
  }

  upgrade(request: IncomingMessage, socket: Duplex, head: Buffer): void {
    socket.on('error', () => {});
    this.#exchange(request, socket, (exchange) => forwardUpgrade(exchange, socket, head)).catch(
      (error: unknown) => {
        if (socket.destroyed) return;
        const { status, headers, body } = this.#page(error, request);
        const lines = Object.entries(headers).map(([name, value]) => [name, [value].flat()] as const);
        endWithAnswer(socket, { status, headers: new Map(lines), body });
      },
    );
  }

  close(): void {
    for (const stop of this.#running) stop.abort(new ClientGone());
    this.#agent.destroy();
  }

  /** Checks a request, finds out how its site is fetched, and has `run` fetch it. `client` is closed when it is over. */
  async #exchange(
    request: IncomingMessage,
    client: ServerResponse | Duplex,
    run: (exchange: Exchange) => Promise<void>,
  ): Promise<void> {
    const site = openedSite(request);
    refuseCrossSite(request, site);
    refuseOther(request);
    const release = this.#slots.take(site.key.text);
    if (release === undefined) throw new GatewayFailure('busy');
    const stop = new AbortController();
    this.#running.add(stop);
    client.once('close', () => {
      release();
      this.#running.delete(stop);
      stop.abort(new ClientGone());
    });
    const walk = new PacketWalk(this.#parts.lookups, stop.signal);
    const plan = await this.#plan(site, walk, stop);
    // A worker stays in the browser, and would answer for the site when it is verified one day.
    if (plan.kind === 'plain' && request.headers['service-worker'] !== undefined)
      throw new GatewayFailure('service-worker');
    const urls = { site, scheme: plan.kind === 'verified' ? 'https' : 'http' } as const;
    await run({
      request,
      urls,
      plan,
      walk,
      agent: this.#agent,
      limits: this.#limits,
      turns: this.#turns,
      stop,
    });
  }

  async #plan(site: OpenedSite, walk: PacketWalk, stop: AbortController): Promise<SitePlan> {
    const timer = setTimeout(() => stop.abort(new GatewayFailure('lookup-timeout')), this.#limits.lookupMs);
    try {
      const { random = Math.random, ports = defaultPorts } = this.#parts;
      return await orAborted(planSite(site, walk, { seen: this.#seen, random, ports }), stop.signal);
    } finally {
      clearTimeout(timer);
    }
  }

  #page(error: unknown, { headers }: IncomingMessage): ReturnType<typeof failurePage> {
    const isKnown = error instanceof GatewayFailure || error instanceof ClientGone;
    if (!isKnown)
      this.#parts.log.error('The gateway failed to serve a request.', {
        place: errorPlace(error),
        error: errorText(error),
      });
    const failure = error instanceof GatewayFailure ? error : new GatewayFailure('internal');
    if (!(error instanceof ClientGone)) this.#parts.failures?.count(failure.kind);
    const host = headers.host?.replace(/\.localhost\.?(?::\d+)?$/i, '') ?? '';
    return failurePage(failure, host, headers.accept);
  }
}

function openedSite({ headers }: IncomingMessage): OpenedSite {
  const found = readSiteHost(headers.host);
  if (found.kind === 'site') return found.site;
  throw new GatewayFailure('not-a-key', found.kind === 'refused' ? found.reason : undefined);
}

/** @throws GatewayFailure `not-forwarded` for a request that is none for a site. */
function refuseOther({ method, url = '', headers }: IncomingMessage): void {
  // RFC 9110 §9.3.8: TRACE gives a client back what it sent, cookies included; CONNECT is no request for a site.
  if (method === 'TRACE' || method === 'CONNECT') throw new GatewayFailure('not-forwarded', method);
  // RFC 9112 §6.1: a server that does not understand a transfer coding "SHOULD respond with 501"; the body comes decoded of this one.
  const { 'transfer-encoding': coding = 'chunked' } = headers;
  if (coding.toLowerCase() !== 'chunked') throw new GatewayFailure('not-forwarded', `a body in ${coding}`);
  // RFC 9112 §3.2.2: who serves has made a path of an absolute target; what is left is for another server or none.
  if (!url.startsWith('/') && url !== '*') throw new GatewayFailure('not-forwarded', 'an absolute address');
  const { upgrade } = headers;
  if (upgrade !== undefined && isUpgrade(headers) && upgrade.toLowerCase() !== 'websocket')
    throw new GatewayFailure('not-forwarded', upgrade);
}

function isUpgrade({ connection }: IncomingMessage['headers']): boolean {
  return /\bupgrade\b/i.test(connection ?? '');
}
