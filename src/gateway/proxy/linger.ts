import type { IncomingMessage, ServerResponse } from 'node:http';
import { hasBody } from './exchange.ts';

/**
 * Has an answer that comes before the end of its request reach the client. RFC 9112 §9.6: a server that closes at once risks that
 * the client's system takes back what the client has not read, so it "reads from the connection and discards" for a while.
 * To be called before the head of the answer is written.
 *
 * @param ms milliseconds for which the rest is read.
 */
export function lingerAfter(request: IncomingMessage, response: ServerResponse, ms: number): void {
  if (!hasBody(request) || request.complete) return;
  // Node closes at once where it does not keep the connection alive, as when the client asked for that.
  response.shouldKeepAlive = true;
  response.once('finish', () => {
    if (request.complete) return;
    const timer = setTimeout(() => request.socket.destroy(), ms);
    request.socket.once('close', () => clearTimeout(timer));
  });
}
