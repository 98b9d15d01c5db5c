import type { IncomingMessage } from 'node:http';
import { TLSSocket } from 'node:tls';

/** Scheme, authority, and path with query of an absolute target (RFC 9112 §3.2.2). */
const ABSOLUTE = /^(https?):\/\/([^/?#]*)([^#]*)$/i;

/**
 * RFC 9112 §3.2.2: "a server MUST accept the absolute-form in requests", although only proxies are sent it, and "MUST ignore the
 * received Host header field (if any) and instead use the host information of the request-target". From here on it is a request like
 * others: a path as target, and that host as `Host`.
 *
 * What is absolute with another scheme than that of the connection stays as it is, and is a host of nobody (RFC 9110 §7.4).
 */
export function toOriginForm(request: IncomingMessage): void {
  const [, scheme = '', authority = '', target = ''] = ABSOLUTE.exec(request.url ?? '') ?? [];
  const spoken = request.socket instanceof TLSSocket ? 'https' : 'http';
  if (authority === '' || scheme.toLowerCase() !== spoken) return;
  request.url = target.startsWith('/') ? target : `/${target}`;
  request.headers.host = authority;
}
