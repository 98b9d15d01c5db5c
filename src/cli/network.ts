import { isIPv4 } from 'node:net';
import { startDht } from '../app/dht/dht.ts';
import { openRelays, packetSources, relayUrls } from '../app/packet-sources.ts';
import { SystemResolvers } from '../app/system-resolvers.ts';
import { chooseUpstreams, upstreamAuthorities } from '../app/upstreams.ts';
import type { SettingKey, Settings } from '../config/settings.ts';
import type { PacketSource } from '../find/packet-source.ts';
import { createForwarder, type UpstreamSet } from '../forward/forwarder.ts';
import type { DhtNode } from '../mainline/dht-node.ts';
import type { InternalError } from '../observe/internal-error.ts';
import { createLog, type Log } from '../observe/log.ts';
import { publishNetwork } from '../publish/publish-network.ts';
import type { PublishNetwork } from '../publish/put-packet.ts';
import { forwardResolver } from '../resolve/forward-resolver.ts';
import { CommandError, type Terminal } from './command.ts';

/** Milliseconds after which a command stops waiting for the network: as long as people wait. */
const PATIENCE = 30_000;

/** The settings that `withNetwork` uses. */
export const networkSettings: readonly SettingKey[] = [
  'upstream',
  'fallback',
  'upstreamCa',
  'bootstrap',
  'relay',
  'relayUse',
  'dht',
  'dhtListen',
  'stateDir',
  'logLevel',
];

/** Access to the network for a command that runs once. */
export interface NetworkAccess {
  /** The DHT and the relays, combined as the settings say. */
  readonly source: PacketSource;
  /** The same for publishing: all are queried at once. */
  readonly publish: PublishNetwork;
  /** The node of the DHT; undefined if it is off. */
  readonly node: Promise<DhtNode> | undefined;
  /** Aborts with a CommandError after the timeout. */
  readonly signal: AbortSignal;
}

/**
 * Opens the network, does `work`, and closes it. With `signal` there is no timeout: the work ends when that aborts.
 * @throws CommandError if the DHT is off and there is no relay.
 */
export async function withNetwork<T>(
  settings: Settings,
  terminal: Terminal,
  work: (network: NetworkAccess) => Promise<T>,
  signal?: AbortSignal,
): Promise<T> {
  const urls = relayUrls(settings);
  if (!settings.dht && urls.length === 0)
    throw new CommandError(
      'The DHT is off (dht = off) and no relay is configured, so there is no network to use.',
    );
  // The info messages of a service are noise for a user who waits for the result of a command.
  const level = settings.logLevel === 'info' ? 'warn' : settings.logLevel;
  const log = createLog({ level, write: terminal.err, now: terminal.now, journal: false });
  const hosts = [
    ...(settings.dht ? settings.bootstrap.map(({ host }) => host) : []),
    ...urls.map(({ hostname }) => hostname),
  ];
  const forwarder = createForwarder(
    hosts.every(isIPv4)
      ? noUpstreams
      : {
          ...chooseUpstreams(
            settings,
            await new SystemResolvers(settings, { log, mayWrite: false }).current(),
          ),
          authorities: await upstreamAuthorities(settings),
        },
  );
  const resolver = forwardResolver(forwarder);
  const dht = settings.dht
    ? startDht(settings, { resolver, log, onInternalError: tellInternalErrors(log) })
    : undefined;
  const relays = openRelays(settings, resolver, { now: () => performance.now(), nowWall: terminal.now });
  const patience = new AbortController();
  const timer = setTimeout(() => {
    patience.abort(new CommandError(`The network did not answer within ${PATIENCE / 1000} s.`));
  }, PATIENCE);
  try {
    const [source] = packetSources(dht, relays, settings.relayUse);
    if (source === undefined) throw new CommandError('Neither the DHT nor a relay is enabled.');
    return await work({
      source,
      publish: publishNetwork(dht?.connection, relays),
      node: dht?.node,
      signal: signal ?? patience.signal,
    });
  } finally {
    clearTimeout(timer);
    await dht?.close();
    for (const relay of relays) relay.close();
    forwarder.close();
  }
}

/** Without host names there is nothing to resolve. */
const noUpstreams: UpstreamSet = { upstreams: [], fallback: [], routes: [] };

/** Bugs in the thread of the DHT, which is started again. */
function tellInternalErrors(log: Log): (error: InternalError) => void {
  return ({ part, place, text }) =>
    log.error('Internal error. Please report it.', { part, place, error: text });
}
