import { isIPv4 } from 'node:net';
import { parseListenAddress } from '../listen-address.ts';
import { publicBootstrap, publicRelays } from '../public-network.ts';
import { choice, choiceOr, listOf, onOff, text, wordOr } from '../setting-kinds.ts';
import { hostPort, listenAddress, relayUrl } from '../value-kinds.ts';
import { setting } from './setting.ts';

/** Settings of where packets are looked for. */
export const network = {
  bootstrap: setting({
    name: 'bootstrap',
    kind: listOf(hostPort),
    default: () => publicBootstrap,
    help: 'DHT bootstrap node; if all are loopback addresses, the DHT is a test network',
  }),
  relay: setting({
    name: 'relay',
    kind: wordOr('default', listOf(relayUrl)),
    default: () => 'default' as const,
    defaultText: `${publicRelays.join(' ')}; none in a test network`,
    help: 'Pkarr relay to fetch packets from, over HTTP',
  }),
  relayUse: setting({
    name: 'relay-use',
    kind: choice(['off', 'fallback', 'always']),
    default: () => 'fallback' as const,
    help: 'When to ask relays: never, if the DHT is slow to answer, or always; a relay learns the key',
  }),
  dht: setting({
    name: 'dht',
    kind: onOff(),
    default: () => true,
    help: 'Look up packets in the DHT',
  }),
  dhtListen: setting({
    name: 'dht-listen',
    kind: text({
      ...listenAddress,
      accepts: 'an IPv4 address with or without a port, such as 0.0.0.0:6881; port 0 means any free port',
      parse: (word) => {
        const address = parseListenAddress(word, 0);
        // The Mainline DHT is IPv4 in practice; BEP 32 is not implemented.
        return address !== undefined && isIPv4(address.host) ? address : undefined;
      },
    }),
    default: () => ({ host: '0.0.0.0', port: 0 }),
    help: 'Local UDP address of the DHT node; port 0 means any free port',
  }),
  dhtServe: setting({
    name: 'dht-serve',
    kind: { ...choiceOr('auto', onOff()), placeholder: 'on|off|auto' },
    default: () => false,
    help: 'Answer other DHT nodes and store items for them, within limits; auto: if reachable from outside',
  }),
};
