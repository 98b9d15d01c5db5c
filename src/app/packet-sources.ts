import { publicRelays, type Settings } from '../config/settings.ts';
import type { DhtConnection } from '../find/dht-connection.ts';
import { dhtSource } from '../find/dht-source.ts';
import { fallbackSource } from '../find/fallback-source.ts';
import type { PacketSource } from '../find/packet-source.ts';
import { relaySource } from '../find/relay-source.ts';
import { relaysSource } from '../find/relays-source.ts';
import { networkOf } from '../mainline/addresses.ts';
import { dhtSink } from '../publish/packet-sink.ts';
import type { PublishNetwork } from '../publish/put-packet.ts';
import { createRelayClient, type RelayClient } from '../relay/client.ts';
import { resolveHost } from '../resolve/host-addresses.ts';
import type { Resolver } from '../resolve/query.ts';
import type { StartingDht } from './dht/dht.ts';

/** Milliseconds without a packet from the DHT before relays are asked. */
const RELAYS_AFTER = 300;
/** Milliseconds that somebody who publishes waits for the rate limit of a relay. */
const RATE_LIMIT_PATIENCE = 10_000;

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

/** Where publications look and put: the DHT and every relay, all at once. */
export function publishNetwork(
  dht: DhtConnection | undefined,
  relays: readonly RelayClient[],
): PublishNetwork {
  const patience = RATE_LIMIT_PATIENCE;
  return {
    sources: [
      ...(dht === undefined ? [] : [dhtSource(dht)]),
      ...relays.map((relay) => relaySource(relay, { patience })),
    ],
    sink: dht === undefined ? undefined : dhtSink(dht),
    relays,
  };
}

/** Where packets come from: the DHT, and relays when it is late, or at once, or never. */
export function packetSources(
  dht: StartingDht | undefined,
  relays: readonly RelayClient[],
  use: Settings['relayUse'],
): readonly PacketSource[] {
  const nodes = dht === undefined ? [] : [dhtSource(dht.connection)];
  const [first, ...others] = relays;
  if (first === undefined) return nodes;
  const ofRelays = relaysSource([first, ...others]);
  const afterMs = use === 'always' ? 0 : RELAYS_AFTER;
  return nodes.length === 0
    ? [ofRelays]
    : nodes.map((node) => fallbackSource(node, ofRelays, { afterMs, quorum: 3 }));
}
