import { randomBytes } from 'node:crypto';
import type { Settings } from '../config/settings.ts';
import { Finder } from '../find/finder.ts';
import { defaultFinderSettings, type FinderSettings } from '../find/finder-settings.ts';
import type { LookupObserver } from '../find/lookup-step.ts';
import type { DhtStatus } from '../mainline/dht-node.ts';
import { MainlineError } from '../mainline/errors.ts';
import { describeInternalError, type InternalError } from '../observe/internal-error.ts';
import type { Log } from '../observe/log.ts';
import type { PublicKey } from '../pkarr/public-key.ts';
import type { SignedPacket } from '../pkarr/signed-packet.ts';
import { publishNetwork } from '../publish/publish-network.ts';
import type { PublishNetwork } from '../publish/put-packet.ts';
import { limitedPacketReader, type PacketReader, type PacketReadOutcome } from '../resolve/packet-reader.ts';
import type { Resolver } from '../resolve/query.ts';
import { openPacketStore } from '../store/open-packet-store.ts';
import { storeArchive } from '../store/packet-archive.ts';
import { PacketCache } from '../store/packet-cache.ts';
import type { PacketStoreStatistics } from '../store/packet-store.ts';
import { coldKeyLimit } from './client-limits.ts';
import { isChanged } from './configuration/changed-settings.ts';
import { startDht } from './dht/dht.ts';
import { openRelays, packetSources } from './packet-sources.ts';

/** All that packets come from and are kept in. There is one for the whole program. */
export interface Packets {
  /** Where answers get their packets. */
  readonly packetReader: PacketReader;
  readonly finder: Finder;
  /** Looks a key up for a client who watches: see `Finder.watch`. It counts as one more key of that client. */
  watch(
    key: PublicKey,
    options: {
      readonly client: string;
      readonly observe: LookupObserver;
      readonly signal: AbortSignal;
    },
  ): Promise<PacketReadOutcome>;
  /** Takes a lookup from the limits: whether one more key may be looked up for a client. */
  readonly mayLookUp: (client: string) => boolean;
  /** Where publications look and put, as it is now. */
  readonly network: PublishNetwork;
  /** The packet of a key in the store, without looking for a newer one. Never rejects. */
  held(key: PublicKey): Promise<SignedPacket | undefined>;
  /** Whether packets are kept over a restart. */
  storeState(): PacketStoreStatistics['state'];
  /** Undefined while the node or its thread is started, and when the DHT is off. */
  dhtStatus(): Promise<DhtStatus | undefined>;
  /** Where keys are looked up, and whether that can be done. */
  sourcesStatus(): Promise<SourcesStatus>;
  /**
   * Uses other settings from now on. A node of the DHT with other settings is another node, and takes the place of the old
   * one; the store and what is in memory stay.
   */
  reload(settings: Settings): void;
  /** What was true of the old network is forgotten. */
  networkChanged(): void;
  /** Ends lookups at once and frees the rest. */
  close(): Promise<void>;
}

/** Where packets are looked up. */
export interface SourcesStatus {
  /** `silent`: it is on, and no node has answered since a lookup failed for want of answers. */
  readonly dht: 'off' | 'on' | 'silent';
  /** How many relays may be asked. */
  readonly relays: number;
}

/** What the packets need of the rest of the program. */
export interface PacketsParts {
  /** Finds the addresses of bootstrap nodes and relays. */
  readonly ordinary: Resolver;
  /** Told of a key whose packet gave way to a newer one: what was made of the older one is out of date. */
  readonly onNewer: (key: PublicKey) => void;
  /** Told of each packet that somebody in the network had, or that was published. */
  readonly onSeen: (packet: SignedPacket) => void;
  /** Told of each internal error of the store and of the DHT's thread. */
  readonly onInternalError: (error: InternalError) => void;
  readonly now: () => number;
  readonly nowWall: () => number;
}

/** Opens the store and starts the DHT node, for which nothing waits. */
export async function startPackets(
  initial: Settings,
  log: Log,
  { ordinary, onNewer, onSeen, onInternalError, now, nowWall }: PacketsParts,
): Promise<Packets> {
  const store = await openPacketStore({
    directory: initial.stateDir,
    maxBytes: initial.storeSize,
    log,
    now,
    nowWall,
    randomBytes,
    onInternalError: (error) => onInternalError(describeInternalError('store', 'main', error)),
  });
  let settings = initial;
  /** @param after what the node waits for: another one has its port until then. */
  const openDht = (after?: Promise<void>) => {
    if (!settings.dht) return undefined;
    const opened = startDht(settings, { resolver: ordinary, log, onInternalError }, after);
    // What could not be refreshed while nobody answered is refreshed by the next who asks.
    opened.connection.onRecovered(() => finder.networkChanged());
    return opened;
  };
  let dht = openDht();
  let relays = openRelays(settings, ordinary, { now, nowWall });
  let network = publishNetwork(dht?.connection, relays);
  const archive = storeArchive(store, { now, nowWall });
  const finder = new Finder({
    sources: packetSources(dht, relays, settings.relayUse),
    settings: finderSettings(settings),
    cache: new PacketCache(settings.packetCacheSize),
    archive: {
      ...archive,
      async note(held) {
        onSeen(held.packet);
        await archive.note(held);
      },
    },
    now,
    onNewer,
    onInternalError: (error) => onInternalError(describeInternalError('rejection', 'main', error)),
  });
  let coldKeys = coldKeyLimit(settings, now);
  /** Settles when the nodes that were replaced are closed. */
  let left = Promise.resolve();

  const replaceNetwork = (isOtherDht: boolean) => {
    const [oldDht, oldRelays] = [dht, relays];
    if (isOtherDht) {
      // Lookups in it end, and go on in the new one.
      const closed = oldDht?.close() ?? Promise.resolve();
      left = Promise.all([left, closed]).then(() => {});
      dht = openDht(closed);
    }
    relays = openRelays(settings, ordinary, { now, nowWall });
    network = publishNetwork(dht?.connection, relays);
    for (const relay of oldRelays) relay.close();
  };

  return {
    packetReader: limitedPacketReader(finder, (client) => coldKeys.take(client)),
    finder,
    async watch(key, { client, ...options }) {
      return coldKeys.take(client) ? await finder.watch(key, options) : { kind: 'busy' };
    },
    mayLookUp: (client) => coldKeys.take(client),
    get network() {
      return network;
    },
    held: async (key) => (await store.get(key))?.packet,
    storeState: () => store.statistics().state,
    async dhtStatus() {
      // While its thread is started again there is none.
      return await dht?.connection.node?.status().catch(onlyMainline);
    },
    async sourcesStatus() {
      const isSilent = (await dht?.connection.isSilent()) ?? false;
      return { dht: dht === undefined ? 'off' : isSilent ? 'silent' : 'on', relays: relays.length };
    },
    reload(next) {
      const isOther = (...keys: Parameters<typeof isChanged>[2][]) => isChanged(settings, next, ...keys);
      const isOtherDht = isOther('dht', 'bootstrap', 'dhtListen', 'dhtServe');
      const isOtherNetwork = isOtherDht || isOther('relay', 'relayUse');
      const isOtherLimit = isOther('coldKeyRate', 'coldKeyClientRate');
      settings = next;
      if (isOtherNetwork) replaceNetwork(isOtherDht);
      if (isOtherLimit) coldKeys = coldKeyLimit(settings, now);
      finder.replaceParts({
        ...(isOtherNetwork && { sources: packetSources(dht, relays, settings.relayUse) }),
        settings: finderSettings(settings),
      });
      // What one network did not have, another one may have, and newer.
      if (isOtherNetwork) finder.forget();
    },
    networkChanged() {
      dht?.networkChanged();
      for (const relay of relays) relay.resetFailures();
      finder.networkChanged();
    },
    async close() {
      finder.close();
      await dht?.close();
      await left;
      for (const relay of relays) relay.close();
      await store.close();
    },
  };
}

function finderSettings({
  minimumPacketTtl,
  maximumPacketTtl,
  negativeTtl,
}: Pick<Settings, 'minimumPacketTtl' | 'maximumPacketTtl' | 'negativeTtl'>): FinderSettings {
  return {
    ...defaultFinderSettings,
    minimumTtl: minimumPacketTtl,
    maximumTtl: maximumPacketTtl,
    absentTtl: negativeTtl,
  };
}

/** Undefined for a node that does not answer. @throws any other error. */
function onlyMainline(error: unknown): undefined {
  if (!(error instanceof MainlineError)) throw error;
  return undefined;
}
