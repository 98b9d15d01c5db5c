import { randomBytes } from 'node:crypto';
import type { Settings } from '../config/settings.ts';
import { Finder } from '../find/finder.ts';
import { defaultFinderSettings } from '../find/finder-settings.ts';
import type { DhtStatus } from '../mainline/dht-node.ts';
import { MainlineError } from '../mainline/errors.ts';
import { describeInternalError, type InternalError } from '../observe/internal-error.ts';
import type { Log } from '../observe/log.ts';
import type { PublicKey } from '../pkarr/public-key.ts';
import type { RelayClient } from '../relay/client.ts';
import { limitedPacketReader, type PacketReader } from '../resolve/packet-reader.ts';
import type { Resolver } from '../resolve/query.ts';
import { openPacketStore } from '../store/open-packet-store.ts';
import { storeArchive } from '../store/packet-archive.ts';
import { PacketCache } from '../store/packet-cache.ts';
import { coldKeyLimit } from './client-limits.ts';
import { type StartingDht, startDht } from './dht.ts';
import { openRelays, packetSources } from './packet-sources.ts';

/** All that packets come from and are kept in. There is one for the whole program. */
export interface Packets {
  /** Where answers get their packets. */
  readonly packetReader: PacketReader;
  readonly finder: Finder;
  /** Undefined when the DHT is off. */
  readonly dht: StartingDht | undefined;
  readonly relays: readonly RelayClient[];
  /** Undefined while the node or its thread is started, and when the DHT is off. */
  dhtStatus(): Promise<DhtStatus | undefined>;
  /** What was true of the old network is forgotten. */
  networkChanged(): void;
  /** Ends lookups at once and frees the rest. */
  close(): Promise<void>;
}

/** What the packets need of the rest of the program. */
export interface PacketsParts {
  /** Finds the addresses of bootstrap nodes and relays. */
  readonly ordinary: Resolver;
  /** Told of a key whose packet gave way to a newer one: what was made of the older one is out of date. */
  readonly onNewer: (key: PublicKey) => void;
  /** Told of each internal error of the store and of the DHT's thread. */
  readonly onInternalError: (error: InternalError) => void;
  readonly now: () => number;
  readonly nowWall: () => number;
}

/** Opens the store and starts the DHT node, for which nothing waits. */
export async function startPackets(
  settings: Settings,
  log: Log,
  { ordinary, onNewer, onInternalError, now, nowWall }: PacketsParts,
): Promise<Packets> {
  const store = await openPacketStore({
    directory: settings.stateDir,
    maxBytes: settings.storeSize,
    log,
    now,
    nowWall,
    randomBytes,
    onInternalError: (error) => onInternalError(describeInternalError('store', 'main', error)),
  });
  const dht = settings.dht ? startDht(settings, { resolver: ordinary, log, onInternalError }) : undefined;
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
    onNewer,
    onInternalError: (error) => onInternalError(describeInternalError('rejection', 'main', error)),
  });
  // What could not be refreshed while nobody answered is refreshed by the next who asks.
  dht?.connection.onRecovered(() => finder.networkChanged());
  const coldKeys = coldKeyLimit(settings, now);
  return {
    packetReader: limitedPacketReader(finder, (client) => coldKeys.take(client)),
    finder,
    dht,
    relays,
    async dhtStatus() {
      // While its thread is started again there is none.
      return await dht?.connection.node?.status().catch(onlyMainline);
    },
    networkChanged() {
      dht?.networkChanged();
      for (const relay of relays) relay.resetFailures();
      finder.networkChanged();
    },
    async close() {
      finder.close();
      await dht?.close();
      for (const relay of relays) relay.close();
      await store.close();
    },
  };
}

/** Undefined for a node that does not answer. @throws any other error. */
function onlyMainline(error: unknown): undefined {
  if (!(error instanceof MainlineError)) throw error;
  return undefined;
}
