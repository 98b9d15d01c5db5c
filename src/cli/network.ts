import { isIPv4 } from 'node:net';
import { startDht } from '../app/dht.ts';
import { openRelays, packetSources, relayUrls } from '../app/packet-sources.ts';
import { chooseUpstreams } from '../app/upstreams.ts';
import type { Settings } from '../config/settings.ts';
import { dhtSource } from '../find/dht-source.ts';
import type { PacketSource } from '../find/packet-source.ts';
import { createForwarder, type UpstreamSet } from '../forward/forwarder.ts';
import type { DhtNode } from '../mainline/dht-node.ts';
import { createLog } from '../observe/log.ts';
import { dhtSink, type PacketSink } from '../publish/packet-sink.ts';
import type { RelayClient } from '../relay/client.ts';
import { forwardResolver } from '../resolve/forward-resolver.ts';
import { CommandError, type Terminal } from './command.ts';

/** Milliseconds after which a command that waits for the network gives up: as long as people do. */
const PATIENCE = 30_000;

/** The network, for a command that asks it something and ends. */
export interface NetworkAccess {
  /** The DHT and the relays, in the order in which the settings want them asked. */
  readonly source: PacketSource;
  /** The DHT; undefined when it is off. */
  readonly dht:
    | { readonly source: PacketSource; readonly sink: PacketSink; readonly node: Promise<DhtNode> }
    | undefined;
  readonly relays: readonly RelayClient[];
  /** Aborts with a CommandError when it takes too long. */
  readonly signal: AbortSignal;
}

/**
 * Joins the network, does `work`, and leaves. With `signal` the work may take as long as it likes, until that aborts.
 * @throws CommandError when the DHT is off and there is no relay.
 */
export async function withNetwork<T>(
  settings: Settings,
  terminal: Terminal,
  work: (network: NetworkAccess) => Promise<T>,
  signal?: AbortSignal,
): Promise<T> {
  const urls = relayUrls(settings);
  if (!settings.dht && urls.length === 0)
    throw new CommandError('The DHT is switched off (dht = off), and there is nothing else to ask.');
  // What a service notes in passing is not what somebody who waits for an answer wants to read.
  const level = settings.logLevel === 'info' ? 'warn' : settings.logLevel;
  const log = createLog({ level, write: terminal.err, now: terminal.now, journal: false });
  const hosts = [
    ...(settings.dht ? settings.bootstrap.map(({ host }) => host) : []),
    ...urls.map(({ hostname }) => hostname),
  ];
  const forwarder = createForwarder(hosts.every(isIPv4) ? noUpstreams : await chooseUpstreams(settings, log));
  const resolver = forwardResolver(forwarder);
  const dht = settings.dht ? startDht(settings, resolver, log) : undefined;
  const relays = openRelays(settings, resolver, { now: () => performance.now(), nowWall: terminal.now });
  const patience = new AbortController();
  const timer = setTimeout(() => {
    patience.abort(new CommandError(`The network did not answer within ${PATIENCE / 1000} s.`));
  }, PATIENCE);
  try {
    const [source] = packetSources(dht, relays, settings.relayUse);
    if (source === undefined) throw new CommandError('There is nothing to ask.');
    return await work({
      source,
      dht: dht && { source: dhtSource(dht.node), sink: dhtSink(dht.node), node: dht.node },
      relays,
      signal: signal ?? patience.signal,
    });
  } finally {
    clearTimeout(timer);
    await dht?.close();
    for (const relay of relays) relay.close();
    forwarder.close();
  }
}

/** Nodes that are given by address need nobody to resolve their names. */
const noUpstreams: UpstreamSet = { upstreams: [], fallback: [], routes: [] };
