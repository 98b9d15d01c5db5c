import type { IncomingMessage } from 'node:http';
import type { PacketWalk } from '../chain/packet-walk.ts';
import type { SitePlan } from '../chain/plan.ts';
import type { SiteAgent } from '../connect/site-agent.ts';
import { GatewayFailure } from '../failure/failure.ts';
import type { GatewayLimits } from '../limits.ts';
import type { Fetched } from './response-headers.ts';
import type { SiteUrls } from './site-url.ts';
import type { Turns } from './turns.ts';

/** A request of a browser, with all that was found out before it is sent to the site. */
export interface Exchange {
  readonly request: IncomingMessage;
  readonly urls: SiteUrls;
  readonly plan: SitePlan;
  readonly walk: PacketWalk;
  readonly agent: SiteAgent;
  readonly limits: GatewayLimits;
  readonly turns: Turns;
  /** Aborted when the client is gone, or with a `GatewayFailure` when it takes too long. */
  readonly stop: AbortController;
}

/** How the answer was fetched. @throws GatewayFailure `internal` for a connection that this gateway did not make. */
export function fetchedBy({ plan, agent }: Exchange, { socket }: IncomingMessage): Fetched {
  if (plan.kind === 'plain') return { kind: 'plain' };
  const key = agent.keyOf(socket);
  if (key === undefined) throw new GatewayFailure('internal', 'a connection of unknown origin');
  return { kind: 'verified', key };
}

/** Whether a body follows (RFC 9112 §6.3). */
export function hasBody({ headers }: IncomingMessage): boolean {
  const length = headers['content-length'];
  return headers['transfer-encoding'] !== undefined || (length !== undefined && length !== '0');
}
