import { readdirSync } from 'node:fs';
import { isIPv6 } from 'node:net';
import type { BunApi, BunHttpServer, BunServeOptions } from '../bun/api.ts';
import { ownSockets, type PreferSecond, secondPreference } from '../bun/newest-listener.ts';
import { descriptorLimit } from '../descriptor-limit.ts';
import * as bounds from './shared/bounds.ts';
import { internalError, nothing } from './shared/exchange.ts';
import type { HttpsAnswer, HttpsOptions, HttpsRequest, HttpsServer } from './shared/server.ts';

/** A body that is being read. */
interface Reading {
  readonly startedAt: number;
  refuse(): void;
}

/**
 * HTTP/2 and HTTP/1.1 by Bun's own server, which has bounds of its own for all that is not a whole request; they were tried.
 */
export class BunServer implements HttpsServer {
  readonly #bun: BunApi;
  readonly #options: HttpsOptions;
  readonly #preferSecond: PreferSecond;
  /** In the order in which they began. */
  readonly #reading = new Set<Reading>();
  /** The octets that all of them may have. */
  #readingOctets = 0;
  readonly #port: number;
  #server: BunHttpServer;
  /** The one before, while its connections end. */
  #leaving: BunHttpServer | undefined;
  /** Another one has to take its place. */
  #isOutdated = false;
  #looking: NodeJS.Timeout | undefined;
  #unlisten: () => void = () => {};

  private constructor(bun: BunApi, options: HttpsOptions, preferSecond: PreferSecond) {
    this.#bun = bun;
    this.#preferSecond = preferSecond;
    this.#options = options;
    const { host, port } = options.place;
    // With `reusePort` it would share the port with another program of this user. Nobody else may have it.
    const probe = bun.listen({ hostname: host, port, ipv6Only: isIPv6(host), socket: { data() {} } });
    this.#port = probe.port;
    probe.stop(true);
    this.#server = this.#serve();
  }

  /** Listens. Rejects with the system's error. */
  static async open(bun: BunApi, options: HttpsOptions): Promise<BunServer> {
    const server = new BunServer(bun, options, await secondPreference());
    server.#looking = setInterval(() => {
      server.#count();
      server.#look();
    }, bounds.LOOK_EVERY);
    server.#unlisten = options.certificate?.onChange(() => server.#replace()) ?? (() => {});
    return server;
  }

  /** See `HttpsServer`. */
  get port(): number {
    return this.#port;
  }

  /** See `HttpsServer`: the socket is ours alone, and is read from to the end. */
  async leave(): Promise<void> {}

  /** See `HttpsServer`. */
  async stop(): Promise<void> {
    this.#unlisten();
    clearInterval(this.#looking);
    const servers = [this.#server, ...(this.#leaving === undefined ? [] : [this.#leaving])];
    const tooLong = setTimeout(() => {
      for (const server of servers) server.stop(true).catch(this.#options.onBug);
    }, bounds.LAST_ANSWERS);
    await Promise.all(servers.map((server) => server.stop(false)));
    clearTimeout(tooLong);
  }

  #serve(): BunHttpServer {
    const { place, certificate } = this.#options;
    const { chain, key } = certificate?.current ?? {};
    const options: BunServeOptions = {
      hostname: place.host,
      port: this.#port,
      ipv6Only: isIPv6(place.host),
      reusePort: true,
      http2: true,
      ...(certificate !== undefined && { tls: { cert: chain, key, minVersion: TLS_1_2 } }),
      idleTimeout: bounds.IDLE / 1_000,
      maxRequestBodySize: bounds.MAX_BODY,
      fetch: (request, server) => this.#take(request, server),
      error: (error) => {
        this.#options.onBug(error);
        return toResponse(internalError);
      },
    };
    return this.#bun.serve(options);
  }

  /**
   * `reload` keeps the old certificate, so another server is opened on the port, and gets every new connection. The old one
   * is stopped when those that it had have been idle for as long as they may.
   */
  #replace(): void {
    const old = this.#server;
    if (this.#leaving !== undefined) {
      this.#isOutdated = true;
      return;
    }
    const before = ownSockets();
    try {
      this.#server = this.#serve();
      this.#isOutdated = false;
    } catch {
      // The system has no descriptor now: tried again with the next look.
      this.#isOutdated = true;
      return;
    }
    this.#leaving = old;
    const isPreferred = this.#preferSecond(before);
    const end = () => {
      if (this.#leaving === old) this.#leaving = undefined;
      old.stop(false).catch(this.#options.onBug);
    };
    // Where the kernel goes on giving connections to the old one, it ends now, and those on their way are lost.
    if (isPreferred) setTimeout(end, bounds.IDLE).unref();
    else setImmediate(end);
  }

  #take(request: Request, server: BunHttpServer): Response | Promise<Response> {
    const address = server.requestIP(request)?.address;
    if (address === undefined) return toResponse(internalError);
    const read = new ReadRequest(request, address);
    // To look at `request.body` would make a stream of it, which costs more than all the rest.
    if (read.method === 'GET' || read.method === 'HEAD') return this.#answer(read);
    const octets = declaredOctets(read);
    const isTooMuch =
      this.#reading.size >= bounds.MAX_READING || this.#readingOctets + octets > bounds.MAX_BODIES;
    return isTooMuch ? refusal(503) : this.#readBody(request, read, octets);
  }

  #readBody(request: Request, read: ReadRequest, octets: number): Promise<Response> {
    // One promise: each more that lies between the body and the answer costs a tenth of the request.
    return new Promise((respond) => {
      const reading: Reading = { startedAt: performance.now(), refuse: () => end() && respond(refusal(408)) };
      const end = () => {
        if (!this.#reading.delete(reading)) return false;
        this.#readingOctets -= octets;
        return true;
      };
      this.#reading.add(reading);
      this.#readingOctets += octets;
      request.arrayBuffer().then(
        (body) => {
          if (!end()) return;
          read.body = new Uint8Array(body);
          respond(this.#answer(read));
        },
        () => end() && respond(refusal(400)),
      );
    });
  }

  #answer(request: HttpsRequest): Response | Promise<Response> {
    const isHead = request.method === 'HEAD';
    try {
      const answer = this.#options.handler(request);
      if (!(answer instanceof Promise)) return toResponse(answer, isHead);
      return answer.then(
        (found) => toResponse(found, isHead),
        (error) => this.#bug(error),
      );
    } catch (error) {
      return this.#bug(error);
    }
  }

  #bug(error: unknown): Response {
    this.#options.onBug(error);
    return toResponse(internalError);
  }

  /** Ends all connections rather than have the rest of the program without descriptors. */
  #count(): void {
    if (openDescriptors() < MOST) return;
    for (const server of [this.#leaving, this.#server]) server?.stop(true).catch(this.#options.onBug);
    this.#leaving = undefined;
    this.#replace();
  }

  /** Refuses what has taken too long, a few in each turn of the event loop. */
  #look(): void {
    if (this.#isOutdated) this.#replace();
    const since = performance.now() - bounds.BODY_TIME;
    let refused = 0;
    for (const reading of this.#reading) {
      if (reading.startedAt >= since) return;
      if (refused++ === bounds.REFUSED_AT_ONCE) {
        setImmediate(() => this.#look());
        return;
      }
      reading.refuse();
    }
  }
}

/** RFC 8446 §4.2.1, and RFC 9325 §3.1.1 for why nothing older. BoringSSL never lets a client renegotiate. */
const TLS_1_2 = 0x0303;

/** See `MAX_DESCRIPTORS`. */
const MOST = Math.min(bounds.MAX_DESCRIPTORS, (descriptorLimit() ?? Number.POSITIVE_INFINITY) / 2);

/** 0 where the system does not tell. */
function openDescriptors(): number {
  try {
    return readdirSync('/proc/self/fd').length;
  } catch (error) {
    // Without one left the folder cannot be opened.
    return (error as NodeJS.ErrnoException).code === 'EMFILE' ? Number.POSITIVE_INFINITY : 0;
  }
}

const refusals = {
  400: 'The body is broken.\n',
  408: 'The body did not come in time.\n',
  503: 'Too many bodies are being read; try again.\n',
} as const;

function refusal(status: keyof typeof refusals): Response {
  const headers = { 'content-type': 'text/plain; charset=utf-8', connection: 'close' };
  return new Response(refusals[status], { status, headers });
}

/** What a body may have: what its request says, or the most that there may be. Bun holds a client to it. */
function declaredOctets(request: HttpsRequest): number {
  const length = Number(request.header('content-length') ?? bounds.MAX_BODY);
  return Number.isInteger(length) && length >= 0 && length < bounds.MAX_BODY ? length : bounds.MAX_BODY;
}

function toResponse({ status, headers, body }: HttpsAnswer, isHead = false): Response {
  if (!isHead) return new Response(body as string | Uint8Array<ArrayBuffer>, { status, headers });
  const length = typeof body === 'string' ? Buffer.byteLength(body) : body.length;
  return new Response(null, { status, headers: { ...headers, 'content-length': String(length) } });
}

/** A request as the handler sees it. */
class ReadRequest implements HttpsRequest {
  readonly method: string;
  readonly target: string;
  readonly address: string;
  /** Empty until it was read. */
  body: Uint8Array = nothing;
  readonly #headers: Headers;

  constructor(request: Request, address: string) {
    const { url } = request;
    this.method = request.method;
    // Of an absolute target (RFC 9112 §3.2.2) Bun tells the path, and in place of its host that of the header.
    // `https://HOST/path`: the scheme has a slash at 7 or earlier.
    this.target = url.slice(url.indexOf('/', 'https://'.length));
    this.address = address;
    this.#headers = request.headers;
  }

  header(name: string): string | undefined {
    return this.#headers.get(name) ?? undefined;
  }
}
