import type { IncomingMessage, ServerResponse } from 'node:http';
import { GatewayFailure } from '../failure/failure.ts';
import { type Exchange, fetchedBy } from './exchange.ts';
import { headerLines, headerObject } from './header-lines.ts';
import { lingerAfter } from './linger.ts';
import { passOn } from './pass-on.ts';
import { requestHeaders } from './request-headers.ts';
import { type Fetched, responseHeaders, trailerFields } from './response-headers.ts';
import { answerOf } from './site-request.ts';

/**
 * Sends a request to its site and streams the answer back, each as fast as the slower side takes it. It returns when the answer
 * began.
 * @throws GatewayFailure, and the reason of `stop`, as long as nothing was sent to the client.
 */
export async function forwardRequest(exchange: Exchange, response: ServerResponse): Promise<void> {
  const answer = await answerOf(exchange, requestHeaders(exchange.request, exchange.urls));
  const { 'transfer-encoding': coding = 'chunked' } = answer.headers;
  // RFC 9112 §7.4: others may be used only when TE offers them, and we offer none.
  if (coding.toLowerCase() !== 'chunked') throw new GatewayFailure('bad-reply', coding);
  const fetched = fetchedBy(exchange, answer);
  try {
    writeHead(answer, fetched, exchange, response);
  } catch (error) {
    // A status or a field that Node's parser takes and its serializer does not.
    throw new GatewayFailure('bad-reply', undefined, { cause: error });
  }
  relayBody(answer, exchange, response);
}

function writeHead(
  answer: IncomingMessage,
  fetched: Fetched,
  { request, urls, limits }: Exchange,
  response: ServerResponse,
): void {
  const lines = responseHeaders(answer, fetched, urls);
  lingerAfter(request, response, limits.lingerMs);
  if (isUntilClose(answer, request)) {
    // RFC 9112 §6.3: this body ends with the connection, and whether it is whole nobody can tell. The client is told no more.
    response.useChunkedEncodingByDefault = false;
    response.shouldKeepAlive = false;
  }
  response.statusCode = answer.statusCode ?? 502;
  if (answer.statusMessage !== undefined) response.statusMessage = answer.statusMessage;
  for (const [name, value] of Object.entries(headerObject(lines))) response.setHeader(name, value);
  // A page that waits for events wants to know that it is connected.
  response.flushHeaders();
}

function relayBody(answer: IncomingMessage, { limits, turns }: Exchange, response: ServerResponse): void {
  // A client that sees a connection closed inside of a body knows that it is not whole.
  const cut = () => {
    if (!response.writableFinished) response.destroy();
  };
  const idle = setTimeout(cut, limits.idleMs);
  answer.on('data', () => idle.refresh());
  passOn(answer, response, turns);
  answer.once('end', () => {
    if (!answer.complete) return cut();
    const trailers = trailerFields(headerLines(answer.rawTrailers));
    if (trailers.size > 0) response.addTrailers(headerObject(trailers));
    response.end();
  });
  answer.on('error', cut);
  answer.once('close', () => {
    if (!answer.complete) cut();
  });
  response.once('close', () => {
    clearTimeout(idle);
    answer.destroy();
  });
}

/** Whether the body of an answer has no length and no end of its own. */
function isUntilClose(answer: IncomingMessage, { method }: IncomingMessage): boolean {
  const { statusCode = 0, headers } = answer;
  if (method === 'HEAD' || statusCode === 204 || statusCode === 304) return false;
  return headers['content-length'] === undefined && headers['transfer-encoding'] === undefined;
}
