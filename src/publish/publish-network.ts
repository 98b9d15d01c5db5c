import type { DhtConnection } from '../find/dht-connection.ts';
import { dhtSource } from '../find/dht-source.ts';
import { relaySource } from '../find/relay-source.ts';
import type { RelayClient } from '../relay/client.ts';
import { dhtSink } from './packet-sink.ts';
import type { PublishNetwork } from './put-packet.ts';

/** Milliseconds that somebody who publishes waits for the rate limit of a relay. */
const RATE_LIMIT_PATIENCE = 10_000;

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
