import type { Calls } from '../../http/calls/calls.ts';
import { gatewayCalls } from '../../http/calls/gateway-calls.ts';
import type { Resolver } from '../../resolve/query.ts';
import type { App, AppStatus } from '../status.ts';
import { SelfQuery } from '../supervision/self-query.ts';
import { gatewayLookups } from './gateway-lookups.ts';
import { type LookUpParts, lookUp } from './look-up/look-up.ts';
import { metricsOf } from './metrics-of.ts';
import { namesView } from './names-view.ts';
import { figuresOf } from './page-figures.ts';
import { type RelayCallsParts, relayCalls } from './relay-calls.ts';

/** What the calls of the HTTP side are answered from. */
export interface MainCallsParts extends LookUpParts, RelayCallsParts {
  readonly router: Resolver;
  readonly names: App['names'];
  readonly history: App['history'];
  readonly status: () => Promise<AppStatus>;
}

/** Milliseconds: as long as the thread waits, but for a little. */
const READY_WITHIN = 700;

/** Answers what the thread of the HTTP side asks: one function for each entry of the table. */
export function mainCalls(parts: MainCallsParts): Calls {
  const { packets, router, status, nowWall, addresses } = parts;
  const selfQuery = new SelfQuery(() => addresses().filter(({ service }) => service === undefined));
  return {
    ...gatewayCalls(gatewayLookups({ packetReader: packets.packetReader, router })),
    figures: async () => figuresOf(await status(), nowWall()),
    names: async () => namesView(parts),
    metrics: async () => metricsOf(await status()),
    health: async () => undefined,
    readiness: () => selfQuery.isAnswered(READY_WITHIN),
    'look-up': lookUp(parts),
    ...relayCalls(parts),
  };
}
