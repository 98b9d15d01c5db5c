import { once } from 'node:events';
import { type IncomingMessage, request } from 'node:http';
import { orAborted } from '../../../async/or-aborted.ts';
import type { ListenAddress } from '../../../config/listen-address.ts';

/** Milliseconds for the gateway to start and to find the site. */
const TIMEOUT = 20_000;

/** What the gateway said of a site. */
export interface SiteVisit {
  readonly status: number;
  /** How it was fetched, in the words of the gateway: `verified; key=KEY`, or `plain`. */
  readonly site: string | undefined;
  readonly milliseconds: number;
}

/** Opens a site at the gateway as a browser does. Rejects with a system error, a TimeoutError after 20 s, or the reason of `stop`. */
export async function visitSite(gateway: ListenAddress, key: string, stop: AbortSignal): Promise<SiteVisit> {
  const signal = AbortSignal.any([stop, AbortSignal.timeout(TIMEOUT)]);
  return await orAborted(visit(gateway, key, signal), signal);
}

async function visit(gateway: ListenAddress, key: string, signal: AbortSignal): Promise<SiteVisit> {
  const startedAt = performance.now();
  const asked = request({
    ...gateway,
    agent: false,
    headers: { host: `${key}.localhost:${gateway.port}` },
    signal,
  }).end();
  const [response] = (await once(asked, 'response')) as [IncomingMessage];
  response.resume();
  await once(response, 'end');
  const { 'pkarrd-site': site } = response.headers;
  return {
    status: response.statusCode ?? 0,
    site: typeof site === 'string' ? site : undefined,
    milliseconds: Math.round((performance.now() - startedAt) * 10) / 10,
  };
}
