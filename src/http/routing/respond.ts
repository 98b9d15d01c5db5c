import { type ServerResponse, STATUS_CODES } from 'node:http';
import { lingerAfter } from '../../gateway/proxy/linger.ts';
import { limits } from '../limits.ts';
import { ownHeaders } from './own-headers.ts';

/** An answer of our own. */
export interface Reply {
  readonly status: number;
  /** In lower case; they take the place of those of `ownHeaders`. */
  readonly headers?: Readonly<Record<string, string>>;
  /** The name of the status unless there is another. */
  readonly body?: string | Uint8Array;
}

/**
 * Answers in one piece. The body of an answer to HEAD is left out, and its headers are those of GET. What is left of the request is
 * read for a moment, so that the answer reaches a client that is still sending it, and not for ever.
 */
export function respond(response: ServerResponse, { status, headers = {}, body }: Reply): void {
  lingerAfter(response.req, response, limits.lingerMs);
  const content = body ?? `${STATUS_CODES[status]}\n`;
  response.writeHead(status, {
    ...ownHeaders,
    ...(hasBody(status) && content.length > 0 && { 'content-type': 'text/plain; charset=utf-8' }),
    // RFC 9110 §8.6: neither 204 nor 304 has any.
    ...(hasBody(status) && { 'content-length': String(Buffer.byteLength(content)) }),
    ...headers,
  });
  response.end(hasBody(status) ? content : undefined);
}

function hasBody(status: number): boolean {
  return status !== 204 && status !== 304;
}
