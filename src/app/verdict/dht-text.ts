import type { AutoServingState, DhtStatus } from '../../mainline/dht-node.ts';
import { countText, plural } from '../../observe/count-text.ts';
import { duration } from '../../observe/duration.ts';
import type { AppStatus } from '../status.ts';

/** What is known of the DHT; see `AppStatus`. */
type DhtParts = Pick<AppStatus, 'sources' | 'dht'>;

/** Whether the DHT is reached, in words: `connected, 120 nodes known`; `not connected: no route; asks again in 12 s`. */
export function connectionText(parts: DhtParts): string {
  const { dht, sources } = parts;
  if (sources.dht === 'off') return 'off';
  if (dht === undefined) return 'not connected: its node is being started';
  const why = whyNotConnected(parts);
  if (why === undefined) return `connected, ${dht.nodes} ${dht.nodes === 1 ? 'node' : 'nodes'} known`;
  // With nodes in its table it asks these at the next lookup, and searches for others seldom.
  if (dht.nodes > 0) return `not connected: ${why}; asks again at the next lookup`;
  const again =
    dht.nextSearchMs === undefined ? 'asks now' : `asks again in ${duration(dht.nextSearchMs / 1000)}`;
  return `not connected: ${why}; ${again}`;
}

/** Why no node of the DHT is reached, as a clause; undefined when some are, or may be. */
export function whyNotConnected({ dht, sources }: DhtParts): string | undefined {
  if (dht === undefined || (dht.nodes > 0 && sources.dht !== 'silent')) return undefined;
  const { unsent, queries } = dht;
  if (unsent !== undefined) return whyUnsent[unsent] ?? `nothing can be sent (${unsent})`;
  return queries.sent === 0 ? 'no address to begin with is known' : 'no node answers';
}

/** System error codes of sending, as clauses. */
const whyUnsent: Readonly<Record<string, string>> = {
  ENETUNREACH: 'no route',
  EHOSTUNREACH: 'no route',
  EADDRNOTAVAIL: 'no route',
  ENETDOWN: 'the network is down',
  EPERM: 'a firewall of this machine forbids it',
  EACCES: 'a firewall of this machine forbids it',
};

/** Whether queries of other nodes are answered, in words; undefined for a node that was not asked to. */
export function servingText({ serving, autoServing, served, storedItems }: DhtStatus): string | undefined {
  const counts = `${countText(served.answered)} of ${plural(served.received, 'query', 'queries')} of others answered, ${plural(storedItems, 'item')} stored`;
  if (serving) return `${autoServing === undefined ? 'on' : 'auto'}, ${counts}`;
  const why = whyNotServing(autoServing);
  return why && `auto, not serving: ${why}`;
}

/** Why a node with `serve: 'auto'` does not serve, as a clause. */
export function whyNotServing(state: AutoServingState | undefined): string | undefined {
  return state === undefined || state === 'serving' ? undefined : obstacles[state];
}

const obstacles: Readonly<Record<Exclude<AutoServingState, 'serving'>, string>> = {
  'no-own-address': 'no interface has the address that other nodes see',
  metered: 'the connection is metered',
  'not-reached': 'no query arrived from outside in the last 15 minutes',
  trial: 'queries arrive from outside, but not for 15 minutes yet',
};
