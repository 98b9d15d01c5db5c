import type { IncomingMessage } from 'node:http';

/**
 * Whether a request has to be refused with 400: RFC 9112 §3.2, for one of HTTP/1.1 "that lacks a Host header field" and for any "that
 * contains more than one Host header field line".
 */
export function isHostWrong({ headersDistinct, httpVersion }: IncomingMessage): boolean {
  const { length } = headersDistinct['host'] ?? [];
  return length > 1 || (length === 0 && httpVersion === '1.1');
}

/** The one `Host`; undefined when there is none, or when there are several that somebody else might read another one of. */
export function hostOf({ headers, headersDistinct, url = '' }: IncomingMessage): string | undefined {
  if (!url.startsWith('/') && url !== '*') return undefined;
  const { host: hosts = [] } = headersDistinct;
  return hosts.length === 1 ? headers.host : undefined;
}
