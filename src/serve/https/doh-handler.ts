import { Buffer } from 'node:buffer'; // the global is a getter, which costs more than the call
import { HEADER_LENGTH } from '../../dns/message.ts';
import { Protocol } from '../../dns/protocol.ts';
import type { HttpsAnswer, HttpsRequest } from '../../system/https/shared/server.ts';
import type { ReplyPath } from '../reply.ts';
import type { Responder } from '../responder.ts';
import { freshness } from './freshness.ts';
import type { HostGuard } from './host-guard.ts';
import { queryFromParameters } from './json-question.ts';
import { replyToJson } from './json-reply.ts';

/** The media type of RFC 8484 §6, and that of the JSON form. */
const MESSAGE = 'application/dns-message';
const JSON_TYPE = 'application/dns-json';

type MediaType = typeof MESSAGE | typeof JSON_TYPE;

/** Headers of an answer. */
type Headers = HttpsAnswer['headers'];

/** Lifetimes whose headers are kept; most are below five minutes. */
const MAX_KNOWN = 512;

/** What DNS over HTTPS is answered with. */
export interface DohParts {
  readonly responder: Pick<Responder, 'findCached' | 'writeCached' | 'respond'>;
  readonly hosts: Pick<HostGuard, 'isOurs'>;
}

/** What becomes of a reply: a message of DNS, or its JSON form. */
type Render = (reply: Uint8Array) => HttpsAnswer;

/**
 * DNS over HTTPS (RFC 8484) at `/dns-query`, and the JSON form of Google and Cloudflare there and at `/resolve`: the answers
 * are those over TCP.
 */
export class DohHandler {
  readonly #parts: DohParts;

  constructor(parts: DohParts) {
    this.#parts = parts;
  }

  /** Answers a request, a cached answer at once. */
  handle(request: HttpsRequest): HttpsAnswer | Promise<HttpsAnswer> {
    const host = request.header('host');
    // RFC 9112 §3.2; what came in several lines has commas between them.
    if (host === undefined || host.includes(',')) return refuse(400, 'A request names one host.');
    if (!this.#parts.hosts.isOurs(host)) return refuse(421, 'This host is not served here.');
    const { target } = request;
    // RFC 9110 §9.3.7: what the server is asked for as a whole.
    if (target === '*') return ofServer(request);
    const end = target.indexOf('?');
    const path = end < 0 ? target : target.slice(0, end);
    const query = end < 0 ? '' : target.slice(end + 1);
    if (path !== '/dns-query' && path !== '/resolve')
      return refuse(404, 'DNS over HTTPS is at /dns-query, its JSON form at /resolve.');
    // A page elsewhere could have names looked up, and see by the time which are cached. Clients of DNS over HTTPS, the
    // browsers' own among them, do not send this header.
    const site = request.header('sec-fetch-site');
    if (site !== undefined && isOfAnotherSite(site, request))
      return refuse(403, 'Pages of other sites may not ask here.');
    switch (request.method) {
      case 'GET':
      case 'HEAD':
        return path === '/resolve' ? this.#getJson(request, query) : this.#get(request, query);
      case 'POST':
        if (path === '/dns-query') return this.#post(request);
    }
    const allow = path === '/resolve' ? 'GET, HEAD' : 'GET, HEAD, POST';
    return refuse(405, `This is answered for ${allow}.`, { allow });
  }

  #get(request: HttpsRequest, query: string): HttpsAnswer | Promise<HttpsAnswer> {
    const text = dnsParameter(query);
    if (text === undefined) {
      // RFC 8484 §4.1: "the single variable "dns"". Without it, the client may want the other form.
      if (request.header('accept')?.includes(JSON_TYPE) === true) return this.#getJson(request, query);
      return refuse(400, 'The parameter dns is missing: a DNS message in base64url (RFC 8484 §4.1).');
    }
    const message = fromBase64url(text);
    if (message === undefined) return refuse(400, 'The parameter dns is not base64url without padding.');
    return this.#ask(message, request.address, toMessage);
  }

  #post(request: HttpsRequest): HttpsAnswer | Promise<HttpsAnswer> {
    const type = request.header('content-type');
    if (type !== MESSAGE && type?.split(';')[0]?.trim().toLowerCase() !== MESSAGE)
      return refuse(415, `The body has to be ${MESSAGE}.`, { 'accept-post': MESSAGE });
    const coding = request.header('content-encoding');
    if (coding !== undefined && coding.toLowerCase() !== 'identity')
      return refuse(415, 'The body has to come without a coding.', { 'accept-encoding': 'identity' });
    return this.#ask(request.body, request.address, toMessage);
  }

  #getJson(request: HttpsRequest, query: string): HttpsAnswer | Promise<HttpsAnswer> {
    const parameters = new URLSearchParams(query);
    const message = queryFromParameters(parameters);
    if (!(message instanceof Uint8Array)) return refuse(400, message.problem);
    return this.#ask(message, request.address, parameters.get('ct') === MESSAGE ? toMessage : toJson);
  }

  #ask(message: Uint8Array, client: string, render: Render): HttpsAnswer | Promise<HttpsAnswer> {
    const { responder } = this.#parts;
    const length = responder.findCached(message, client, Protocol.HTTPS);
    if (length > 0) {
      const reply = Buffer.allocUnsafe(length);
      responder.writeCached(reply, 0);
      return render(reply);
    }
    if (message.length < HEADER_LENGTH || ((message[2] as number) & 0x80) !== 0)
      return refuse(400, 'This is no DNS query.');
    const path: ReplyPath = { client, protocol: Protocol.HTTPS };
    let answer: HttpsAnswer | undefined;
    let settle: Settle | undefined;
    const isAnswered = responder.respond(message, path, (reply) => {
      if (settle === undefined) answer = render(reply);
      else settle(render, reply);
    });
    if (!isAnswered) return refuse(429, 'Too many queries; see client-rate.', { 'retry-after': '1' });
    if (answer !== undefined) return answer;
    return new Promise((resolve, reject) => {
      settle = (how, reply) => {
        try {
          resolve(how(reply));
        } catch (error) {
          reject(error);
        }
      };
    });
  }
}

/**
 * Chromium says `none` of what the rules of another page have it fetch ahead (Sec-Purpose), with that page as the Referer; what a
 * person types has neither.
 */
function isOfAnotherSite(site: string, request: HttpsRequest): boolean {
  if (site === 'cross-site') return true;
  const names = site === 'none' ? ['sec-purpose', 'purpose', 'referer'] : ['sec-purpose', 'purpose'];
  return names.some((name) => request.header(name) !== undefined);
}

/** Ends the wait for a reply. */
type Settle = (render: Render, reply: Uint8Array) => void;

/** RFC 8484 §4.2.1: a message of DNS is a success of HTTP, whatever its RCODE. */
const toMessage: Render = (reply) => success(MESSAGE, reply, reply);

const toJson: Render = (reply) => success(JSON_TYPE, replyToJson(reply), reply);

function success(type: MediaType, body: Uint8Array | string, reply: Uint8Array): HttpsAnswer {
  return { status: 200, headers: headersOf(type, freshness(reply)), body };
}

/** The headers that answers have had, by their type and the seconds that they may be kept: one object, which is encoded once. */
const known = {
  [MESSAGE]: new Map<number | undefined, Headers>(),
  [JSON_TYPE]: new Map<number | undefined, Headers>(),
};

function headersOf(type: MediaType, seconds: number | undefined): Headers {
  const ofType = known[type];
  const before = ofType.get(seconds);
  if (before !== undefined) return before;
  const cacheControl = seconds === undefined ? 'no-store' : `max-age=${seconds}`;
  const headers: Headers = { 'content-type': type, 'cache-control': cacheControl };
  if (ofType.size >= MAX_KNOWN) ofType.clear();
  ofType.set(seconds, headers);
  return headers;
}

function refuse(status: number, text: string, headers: Readonly<Record<string, string>> = {}): HttpsAnswer {
  return {
    status,
    headers: {
      'content-type': 'text/plain; charset=utf-8',
      'cache-control': 'no-store',
      'x-content-type-options': 'nosniff',
      ...headers,
    },
    body: `${text}\n`,
  };
}

function ofServer({ method }: HttpsRequest): HttpsAnswer {
  if (method !== 'OPTIONS') return refuse(400, 'Only OPTIONS asks for the server as a whole.');
  return {
    status: 204,
    headers: { allow: 'GET, HEAD, POST, OPTIONS', 'cache-control': 'no-store' },
    body: '',
  };
}

/** The value of `dns`, which is alone in nearly every query. */
function dnsParameter(query: string): string | undefined {
  if (query.startsWith('dns=') && !query.includes('&') && !query.includes('%')) return query.slice(4);
  return new URLSearchParams(query).get('dns') ?? undefined;
}

/** RFC 8484 §6: "base64url ... Padding characters for base64url MUST NOT be included." */
function fromBase64url(text: string): Buffer | undefined {
  if (text.length % 4 === 1 || !/^[\w-]*$/.test(text)) return undefined;
  return Buffer.from(text, 'base64url');
}
