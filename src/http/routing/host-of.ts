import type { IncomingMessage } from 'node:http';

/** The one `Host`; undefined when there is none, or when there are several that somebody else might read another one of. */
export function hostOf({ headers, headersDistinct, url = '' }: IncomingMessage): string | undefined {
  if (!url.startsWith('/') && url !== '*') return undefined;
  const { host: hosts = [] } = headersDistinct;
  return hosts.length === 1 ? headers.host : undefined;
}
