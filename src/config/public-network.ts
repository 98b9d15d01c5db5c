import type { HostPort } from './host-port.ts';

/** Well-known bootstrap nodes of the Mainline DHT. */
export const publicBootstrap: readonly HostPort[] = [
  { host: 'router.bittorrent.com', port: 6881 },
  { host: 'dht.transmissionbt.com', port: 6881 },
  { host: 'dht.libtorrent.org', port: 25_401 },
  { host: 'relay.pkarr.org', port: 6881 },
];

/** Public relays: `relay = "default"`. */
export const publicRelays: readonly string[] = ['https://pkarr.pubky.app', 'https://pkarr.pubky.org'];
