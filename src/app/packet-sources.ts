import { publicRelays } from '../config/public-network.ts';
import type { Settings } from '../config/settings.ts';
import { combinedSource } from '../find/combined-source.ts';
import type { PacketSource } from '../find/packet-source.ts';
import { networkOf } from '../mainline/addresses.ts';
import { createRelayClient, type RelayClient } from '../relay/client.ts';
import { resolveHost } from '../resolve/host-addresses.ts';
import type { Resolver } from '../resolve/query.ts';
import type { StartingDht } from './dht/dht.ts';

/** Clients of the relays that the settings name; nothing is sent before a packet is asked for. */
export function openRelays(
  settings: Pick<Settings, 'relay' | 'relayUse' | 'bootstrap'>,
  resolver: Resolver,
  clocks: { readonly now: () => number; readonly nowWall: () => number },
): readonly RelayClient[] {
  // We are the system's resolver, so the address of a relay is found by ourselves.
  const resolve = (host: string, signal: AbortSignal) => resolveHost(resolver, host, signal);
  return relayUrls(settings).map((url) => createRelayClient({ url, ...clocks, resolveHost: resolve }));
}

/** The addresses of the relays that the settings name. */
export function relayUrls({
  relay,
  relayUse,
  bootstrap,
}: Pick<Settings, 'relay' | 'relayUse' | 'bootstrap'>): readonly URL[] {
  if (relayUse === 'off') return [];
  if (relay !== 'default') return relay;
  // What lives in a test network is nobody else's: public relays do not have it and must not hear of it.
  return networkOf(bootstrap) === 'test' ? [] : publicRelays.map((url) => new URL(url));
}

/** Where packets come from: the DHT, and relays when it is late, or at once, or never. */
export function packetSources(
  dht: StartingDht | undefined,
  relays: readonly RelayClient[],
  use: Settings['relayUse'],
): readonly PacketSource[] {
  const source = combinedSource(dht?.connection, relays, { isEager: use === 'always' });
  return source === undefined ? [] : [source];
}
