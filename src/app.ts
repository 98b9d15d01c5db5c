import { randomBytes } from 'node:crypto';
import { networkInterfaces } from 'node:os';
import { join } from 'node:path';
import type { App } from './app-status.ts';
import { AnswerCache } from './cache/answer-cache.ts';
import { chooseUpstreams, upstreamAuthorities, whyLoop } from './choose-upstreams.ts';
import { accessPrefixes, clientRate, coldKeyLimit, ownersMayName } from './client-limits.ts';
import { defaultListen, type Settings } from './config/settings.ts';
import { dhtSource } from './find/dht-source.ts';
import { defaultFinderSettings, Finder } from './find/finder.ts';
import { openPacketStore } from './find/open-packet-store.ts';
import { storeArchive } from './find/packet-archive.ts';
import { PacketCache } from './find/packet-cache.ts';
import type { PacketStore } from './find/packet-store.ts';
import type { RelayClient } from './find/relay-client.ts';
import { relaySource } from './find/relay-source.ts';
import { AuthorityClient } from './forward/authority.ts';
import { createForwarder, type Forwarder } from './forward/forwarder.ts';
import { networkOf } from './mainline/addresses.ts';
import type { DhtStatus } from './mainline/dht-node.ts';
import type { Log } from './observe/log.ts';
import { sparingly } from './observe/sparingly.ts';
import { ordinaryLayers } from './ordinary-layers.ts';
import { openRelays, packetSources } from './packet-sources.ts';
import { classifyLabel } from './pkarr/public-key.ts';
import { externalAddresses, noExternalAddresses } from './publish/external-addresses.ts';
import { dhtSink } from './publish/packet-sink.ts';
import { PublicationMemory } from './publish/publication-memory.ts';
import { Publisher, type PublisherEntries } from './publish/publisher.ts';
import { completeAliases } from './resolve/complete-alias.ts';
import { Delegation } from './resolve/delegation.ts';
import { forwardResolver } from './resolve/forward-resolver.ts';
import { limitPacketAddresses } from './resolve/packet-addresses.ts';
import { PkarrResolver } from './resolve/pkarr-resolver.ts';
import type { Resolver } from './resolve/query.ts';
import { createRouter } from './resolve/router.ts';
import { answerSuffixes, isKeyName } from './resolve/suffix.ts';
import { AccessList } from './serve/access-list.ts';
import {
  closeListeners,
  type ListenerPair,
  openDefaultListeners,
  openListeners,
} from './serve/open-listeners.ts';
import { Responder } from './serve/responder.ts';
import { type StartingDht, startDht } from './start-dht.ts';
import { machineView, watchNetwork } from './system/network-watch.ts';
import { systemResolvConfPaths } from './system/resolv-conf.ts';

/** Milliseconds that queries in flight have when the program is told to stop. */
const CLOSE_GRACE = 1_500;

/** Seconds that an expired answer may be served when there is nothing better: RFC 8767 §5 suggests 1 to 3 days. */
const MAX_STALE = 86_400;

/** The file of the state directory that keeps what was published. */
const PUBLICATION_FILE = 'publications';

/**
 * Configuration in, running program out, in the order a query meets its parts. Ready when it returns: it waits for
 * its sockets and for nothing on the network.
 * @throws ListenError when an address cannot be had; then nothing is left running.
 */
export async function startApp(
  settings: Settings,
  log: Log,
  entries: PublisherEntries = { publish: [], keep: [] },
): Promise<App> {
  const startedAt = performance.now();
  const now = () => performance.now();

  // Bytes in: the cache answers, or the router does. The listeners come last, when all behind them stands.
  const cache = new AnswerCache({ maxBytes: settings.cacheSize, maxStale: MAX_STALE, now });

  // An alias leads from a packet back to the router: the one loop in the data, closed here.
  const router: Resolver = answerSuffixes(settings.suffix)(
    createRouter({
      pkarr: limitPacketAddresses(
        { resolve: (key, query, context) => pkarr.resolve(key, query, context) },
        { ...ownersMayName(settings), negativeTtl: settings.negativeTtl },
      ),
      ordinary: { resolve: (query, context) => ordinary.resolve(query, context) },
      negativeTtl: settings.negativeTtl,
    }),
  );

  const forwarder = createForwarder({
    ...(await chooseUpstreams(settings, log)),
    authorities: upstreamAuthorities(settings),
  });
  const layers = await ordinaryLayers(settings, forwarder, now, log);
  const completed = completeAliases({
    follow: router,
    isKeyName: (name) => isKeyName(name, settings.suffix),
  });
  // Inside of the layers, so that an alias to a key brings no address into the network that they keep out.
  const ordinary = layers(completed(forwardResolver(forwarder)));

  const nowWall = () => Date.now();
  const store = await openPacketStore({
    directory: settings.stateDir,
    maxBytes: settings.storeSize,
    log,
    now,
    nowWall,
    randomBytes,
  });
  const dht = settings.dht ? startDht(settings, ordinary, log) : undefined;
  const relays = openRelays(settings, ordinary, { now, nowWall });
  const finder = new Finder({
    sources: packetSources(dht, relays, settings.relayUse),
    cache: new PacketCache(settings.packetCacheSize),
    archive: storeArchive(store, { now, nowWall }),
    settings: {
      ...defaultFinderSettings,
      minimumTtl: settings.minimumPacketTtl,
      maximumTtl: settings.maximumPacketTtl,
      absentTtl: settings.negativeTtl,
    },
    now,
    onNewer: (key) => cache.forget(key.name),
  });
  const coldKeys = coldKeyLimit(settings, now);
  const pkarr = new PkarrResolver({
    reader: finder,
    mayLookUp: (client) => coldKeys.take(client),
    follow: router,
    delegation: new Delegation({
      authority: new AuthorityClient(),
      follow: router,
      policy: {
        ...ownersMayName(settings),
        whyOurs: (address, port) => whyLoop({ address, port }, settings.listen),
      },
    }),
    negativeTtl: settings.negativeTtl,
  });

  const access = new AccessList(accessPrefixes(settings));
  const responder = new Responder({
    resolver: router,
    cache,
    access,
    rate: clientRate(settings, now),
    cameBackFrom: (query, questionEnd) => forwarder.cameBackFrom(query, questionEnd),
    onLoop: sparingly(
      (upstream: string, leftOut) =>
        log.error(
          'An upstream asks us what we ask it: a loop. Its queries get an error; name another upstream.',
          {
            upstream,
            leftOut,
          },
        ),
      { count: 1, period: 60_000, now },
    ),
    trustAuthenticData: settings.trustAd,
    now,
    onBug: sparingly(
      (error: unknown, leftOut) =>
        log.error('A query met a mistake of the program.', { error: describe(error), leftOut }),
      { count: 5, period: 60_000, now },
    ),
  });

  // The way back: what people publish goes to the same DHT and relays, and is known here at once.
  let addresses = noExternalAddresses;
  const publisher = new Publisher(entries, {
    sources: [...(dht === undefined ? [] : [dhtSource(dht.node)]), ...relays.map(relaySource)],
    sink: dht === undefined ? undefined : dhtSink(dht.node),
    relays,
    learn(packet) {
      finder.learn(packet);
      cache.forget(packet.key.name);
    },
    async external() {
      const network = networkOf(settings.bootstrap);
      const status = await dhtStatus(dht).catch(() => undefined); // a thread that ends is started again
      addresses = externalAddresses(network, status, networkInterfaces(), addresses);
      return addresses;
    },
    memory: await PublicationMemory.open(join(settings.stateDir, PUBLICATION_FILE), log),
    log,
    now,
    nowWall,
    random: Math.random,
  });

  const unwatch = watchNetwork(machineView(systemResolvConfPaths), (change) => {
    log.info('The network is another.', { change });
    publisher.networkChanged();
    onNetworkChange({ settings, log, forwarder, cache, access, relays }).catch((error: unknown) => {
      log.error('The change of the network could not be followed.', { error: describe(error) });
    });
  });

  let listeners: readonly ListenerPair[] = [];
  const closeOnce = async () => {
    unwatch();
    await publisher.close();
    await closeAll({ responder, listeners, finder, forwarder, dht, relays, store });
  };
  let closed: Promise<void> | undefined;
  const close = () => {
    closed ??= closeOnce();
    return closed;
  };
  try {
    listeners =
      settings.listen === 'default'
        ? await openDefaultListeners(defaultListen, responder)
        : await openListeners(settings.listen, responder);
  } catch (error) {
    await close();
    throw error;
  }
  publisher.start();

  return {
    addresses: listeners.map(({ address }) => address),
    async status() {
      return {
        uptime: (performance.now() - startedAt) / 1000,
        queries: responder.statistics(),
        cache: cache.statistics(),
        forwarder: forwarder.status(),
        packets: finder.statistics(),
        dht: await dhtStatus(dht),
        publications: publisher.status(),
      };
    },
    flush(name) {
      const label = classifyLabel(name.labels.at(-1) ?? '');
      const key = label.kind === 'key' ? label.key : undefined;
      const packets = name.isRoot || key !== undefined ? finder.forget(key) : 0;
      return { answers: cache.forget(name), packets };
    },
    close,
  };
}

/** What was true of the old network is forgotten: who answers, how fast, and what failed. */
async function onNetworkChange(parts: {
  readonly settings: Settings;
  readonly log: Log;
  readonly forwarder: Forwarder;
  readonly cache: AnswerCache;
  readonly access: AccessList;
  readonly relays: readonly RelayClient[];
}): Promise<void> {
  const { settings, log, forwarder, cache, access, relays } = parts;
  access.replace(accessPrefixes(settings));
  if (settings.upstream === 'system') forwarder.setUpstreams(await chooseUpstreams(settings, log));
  forwarder.networkChanged();
  cache.forgetFailures();
  for (const relay of relays) relay.forgive();
}

interface Running {
  readonly responder: Responder;
  readonly listeners: readonly ListenerPair[];
  readonly finder: Finder;
  readonly forwarder: Forwarder;
  readonly dht: StartingDht | undefined;
  readonly relays: readonly RelayClient[];
  readonly store: PacketStore;
}

/** From the front to the back: what is answered to clients is settled before what it comes from goes. */
async function closeAll(running: Running): Promise<void> {
  const { responder, listeners, finder, forwarder, dht, relays, store } = running;
  await responder.close(CLOSE_GRACE);
  await closeListeners(listeners);
  finder.close();
  forwarder.close();
  await dht?.close();
  for (const relay of relays) relay.close();
  await store.close();
}

async function dhtStatus(dht: StartingDht | undefined): Promise<DhtStatus | undefined> {
  const started = await Promise.race([dht?.node, new Promise<undefined>((r) => setImmediate(r, undefined))]);
  return await started?.status();
}

function describe(error: unknown): string {
  return error instanceof Error ? (error.stack ?? error.message) : String(error);
}
