import { type ClientRequest, request as httpRequest, type IncomingMessage } from 'node:http';
import type { SiteRequestArgs } from '../connect/site-agent.ts';
import { GatewayFailure } from '../failure/failure.ts';
import { MAX_HEADER_OCTETS } from '../limits.ts';
import { type Exchange, hasBody } from './exchange.ts';
import { type HeaderLines, headerObject } from './header-lines.ts';
import { RequestTimers } from './request-timers.ts';

/**
 * Begins a request to the site over a connection of its plan. What is wrong with it comes as its `error`.
 * @param fresh not over a connection that served a request before.
 * @throws GatewayFailure `not-forwarded` for what cannot be written.
 */
export function beginRequest(
  { request, plan, walk, agent, stop }: Exchange,
  headers: HeaderLines,
  fresh: boolean,
): ClientRequest {
  const args: SiteRequestArgs & { readonly maxHeaderSize: number } = {
    plan,
    walk,
    fresh,
    agent,
    method: request.method,
    path: request.url,
    headers: headerObject(headers),
    setHost: false,
    maxHeaderSize: MAX_HEADER_OCTETS,
    stopped: stop.signal,
  };
  try {
    const toSite = httpRequest(args);
    const abort = () => toSite.destroy();
    stop.signal.addEventListener('abort', abort, { once: true });
    toSite.once('close', () => stop.signal.removeEventListener('abort', abort));
    return toSite;
  } catch (error) {
    throw new GatewayFailure('not-forwarded', undefined, { cause: error });
  }
}

/**
 * Sends the request with its body, and gives the head of the answer. Its body is not read yet.
 * @throws GatewayFailure, and the reason of `stop`.
 */
export async function answerOf(
  exchange: Exchange,
  headers: HeaderLines,
  fresh = false,
): Promise<IncomingMessage> {
  const { request, stop, turns } = exchange;
  const toSite = beginRequest(exchange, headers, fresh);
  const timers = new RequestTimers(exchange, toSite);
  if (hasBody(request)) {
    request.on('data', ({ length }: Buffer) => turns.passed(length));
    request.pipe(toSite);
  } else {
    toSite.end();
  }
  try {
    return await new Promise<IncomingMessage>((resolve, reject) => {
      toSite.on('response', resolve);
      // Stays for what comes after the answer began: then the answer says so itself.
      toSite.on('error', reject);
      // A 101 that nobody asked for, and whatever else ends it without an answer.
      toSite.on('close', () => reject(new GatewayFailure('bad-reply')));
    });
  } catch (error) {
    request.unpipe(toSite);
    toSite.destroy();
    stop.signal.throwIfAborted();
    const isStale = toSite.reusedSocket && !fresh && !(error instanceof GatewayFailure);
    // RFC 9112 §9.3.1: a client may retry "when it has some means to know that ... the request ... is idempotent". The site
    // closed a connection that was kept while the request was on its way.
    if (isStale && isRepeatable(request)) return await answerOf(exchange, headers, true);
    throw asFailure(error);
  } finally {
    timers.answered();
  }
}

/** RFC 9110 §9.2.2; one without a body, which is gone when it was sent once. */
function isRepeatable(request: IncomingMessage): boolean {
  return ['GET', 'HEAD', 'OPTIONS'].includes(request.method ?? '') && !hasBody(request);
}

/** What an error of the connection means before there is an answer; anything else as it is. */
export function asFailure(error: unknown): unknown {
  if (error instanceof GatewayFailure || !(error instanceof Error && 'code' in error)) return error;
  const code = String(error.code);
  // Codes of llhttp, Node's parser.
  if (code.startsWith('HPE_')) return new GatewayFailure('bad-reply', undefined, { cause: error });
  return new GatewayFailure('down', undefined, { cause: error });
}
