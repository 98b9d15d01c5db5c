import type { RelayClient } from '../relay/client.ts';
import type { DhtConnection } from './dht-connection.ts';
import { dhtSource } from './dht-source.ts';
import { fallbackSource } from './fallback-source.ts';
import type { PacketSource } from './packet-source.ts';
import { relaysSource } from './relays-source.ts';

/** Milliseconds without a packet from the DHT before relays are asked. */
const RELAYS_AFTER = 300;
/** Nodes that must say that they have nothing, so that relays are not asked. */
const QUORUM = 3;

/**
 * Where packets come from: the DHT, and relays when it is late, or with `isEager` at the same time. Undefined when there is
 * neither.
 */
export function combinedSource(
  dht: DhtConnection | undefined,
  relays: readonly RelayClient[],
  { isEager = false }: { readonly isEager?: boolean } = {},
): PacketSource | undefined {
  const nodes = dht === undefined ? undefined : dhtSource(dht);
  const [first, ...others] = relays;
  if (first === undefined) return nodes;
  const ofRelays = relaysSource([first, ...others]);
  if (nodes === undefined) return ofRelays;
  return fallbackSource(nodes, ofRelays, { afterMs: isEager ? 0 : RELAYS_AFTER, quorum: QUORUM });
}
