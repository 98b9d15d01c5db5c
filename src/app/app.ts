import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { elapsedClock } from '../async/elapsed-clock.ts';
import { throwLater } from '../async/throw-later.ts';
import type { Petname } from '../config/petnames.ts';
import type { Settings } from '../config/settings.ts';
import { HttpSide } from '../http/http-side.ts';
import { networkOf } from '../mainline/addresses.ts';
import { InternalErrors } from '../observe/internal-errors.ts';
import { type Log, silentLog } from '../observe/log.ts';
import { rateLimited } from '../observe/log-rate-limit.ts';
import { PublicKey } from '../pkarr/public-key.ts';
import type { SignedPacket } from '../pkarr/signed-packet.ts';
import { noExternalAddresses } from '../pkarr/zone/file/placeholders.ts';
import { externalAddresses } from '../publish/external-addresses.ts';
import { LatePublisher } from '../publish/late-publisher.ts';
import { PublicationMemory } from '../publish/publication-memory.ts';
import type { PublisherEntries } from '../publish/publisher.ts';
import { Petnames } from '../resolve/special/petnames.ts';
import { CertificateError } from '../serve/certificate/certificate.ts';
import { CurrentCertificate, type Replacement } from '../serve/certificate/current-certificate.ts';
import type { Front } from '../serve/front.ts';
import { CurrentListening } from '../serve/listeners/current-listening.ts';
import type { ListeningParts } from '../serve/listeners/listeners.ts';
import { listenKeys, servedAddressToText } from '../serve/served-address.ts';
import { HISTORY_FILE, PacketHistory } from '../store/history.ts';
import { type BoundSockets, noBoundSockets } from '../system/activation/bound-sockets.ts';
import { machineInterfaces } from '../system/interfaces.ts';
import { machineView, watchNetwork } from '../system/network-watch.ts';
import { programVersion } from '../system/program-version.ts';
import { relayPutLimit } from './client-limits.ts';
import {
  applicableSettings,
  changedKeys,
  describeChange,
  isChanged,
} from './configuration/changed-settings.ts';
import { ReloadError } from './configuration/reload-error.ts';
import { CurrentResolution } from './current-resolution.ts';
import { portNotPermitted } from './default-port.ts';
import { checkDhtPort } from './dht/dht-port.ts';
import { withCachedOrigin } from './explain/cached-origin.ts';
import { QueryFollowers } from './explain/query-followers.ts';
import { createFront } from './front.ts';
import { httpSettings } from './http/http-settings.ts';
import { NAMES_FILE, NameBook } from './names/name-book.ts';
import { startPackets } from './packets.ts';
import type { App, AppStatus, ConfigurationStatus, ReloadOutcome } from './status.ts';
import { SystemResolvers } from './system-resolvers.ts';
import { tellCertificate, tellListening } from './tell-listening.ts';
import { asksSystem } from './upstreams.ts';

/** The entry point of a worker. */
const WORKER_FILE = fileURLToPath(new URL('../worker.js', import.meta.url));

/** The file in the state directory that records publications. */
const PUBLICATION_FILE = 'publications';

/**
 * Configuration in, running program out, in the order in which a query meets its parts. The program is ready when this
 * resolves: it waits for its sockets, and for nothing on the network.
 * @param configuration whether the configuration on disk is the one that is used; undefined where there is none.
 * @throws ListenError if an address is not available; then nothing is left running.
 */
export async function startApp(
  initial: Settings,
  log: Log,
  entries: PublisherEntries = { publish: [], keep: [] },
  internalErrors: InternalErrors = endingErrors(log),
  given: BoundSockets = noBoundSockets,
  configuration: () => ConfigurationStatus | undefined = () => undefined,
): Promise<App> {
  let settings = initial;
  const startedAt = performance.now();
  const now = () => elapsedClock.now();
  const nowWall = () => Date.now();
  const workers = settings.workers === 1 ? undefined : await loadWorkers();

  // Names of the user's own for keys; a change reaches all who answer by them.
  const petnames = new Petnames();
  const usePetnames = async (changed: readonly Petname[]) => {
    await front.usePetnames(changed);
    petnames.replace(changed);
    await http.apply(httpSettings(settings, given, certificate.known, names.current));
    await begin(changed);
  };
  const names = await NameBook.open(settings.names, {
    path: join(settings.stateDir, NAMES_FILE),
    log,
    onChange: usePetnames,
  });
  petnames.replace(names.current);

  // From question to answer: the router, with Pkarr names on one side and upstreams on the other.
  // Their search domains are of use too when their resolvers are not.
  const resolvers = new SystemResolvers(settings, useOfResolvers(settings, log));
  const resolution = await CurrentResolution.start(settings, log, {
    resolvers,
    petnames,
    packetReader: { read: (key, options) => packets.packetReader.read(key, options) },
  });

  // The last packets of keys that are of interest here.
  const history = await PacketHistory.open({
    path: join(settings.stateDir, HISTORY_FILE),
    log,
    nowWall,
    isKept: (key) => names.current.some((name) => name.key === key) || publisher.isOf(key),
    held: (key) => packets.held(key),
  });

  // From key to packet: the store, the DHT, relays.
  const packets = await startPackets(settings, log, {
    ordinary: resolution.ordinary,
    onNewer: (key) => front.forgetKey(key),
    onSeen: (packet) => history.note(packet),
    onInternalError: (error) => internalErrors.take(error),
    now,
    nowWall,
  });

  const begin = (named: readonly Petname[]) =>
    Promise.all(named.map(({ key }) => history.begin(PublicKey.fromLabel(key))));
  begin(names.current).catch((error: unknown) => internalErrors.report('exception', error));

  // Bytes in, bytes out: the cache or the router answers, in this process or in several that share the ports.
  const common = {
    cameBackFrom: (query: Uint8Array, end: number) => resolution.cameBackFrom(query, end),
    onLoop: tellLoops(log, now),
    now,
  };
  const listening: ListeningParts = {
    machine: machineInterfaces,
    onEvent: (event) => tellListening(log, event),
    onBug: (error) => internalErrors.report('exception', error),
  };
  const certificate = new CurrentCertificate({
    onEvent: (event) => tellCertificate(log, event),
    onBug: (error) => internalErrors.report('exception', error),
  });
  const front: Front =
    workers === undefined
      ? createFront(settings, {
          ...common,
          resolution,
          petnames,
          listeners: new CurrentListening(settings, listening),
          given,
          certificate,
          onBug: (error) => internalErrors.report('query', error),
        })
      : workers.createWorkerPool(settings, {
          ...common,
          packetReader: packets.packetReader,
          petnames: names.current,
          ...workers.workerProcesses(WORKER_FILE),
          given,
          certificate,
          listening,
          systemResolvers: () => resolvers.current(),
          onInternalError: (error) => internalErrors.take(error),
          log,
        });

  // Publishing goes to the same DHT and relays, and what was published is known here at once.
  const { finder } = packets;
  let external = noExternalAddresses;
  const learn = async (packet: SignedPacket, isInNetwork: boolean) => {
    const isNewer = await finder.learn(packet, isInNetwork);
    if (isNewer || isInNetwork) front.forgetKey(packet.key);
    return isNewer;
  };
  const publisher = await LatePublisher.open(entries, {
    get sources() {
      return packets.network.sources;
    },
    get sink() {
      return packets.network.sink;
    },
    get relays() {
      return packets.network.relays;
    },
    learn: (packet) => learn(packet, true),
    async external() {
      const network = networkOf(settings.bootstrap);
      const status = await packets.dhtStatus();
      external = externalAddresses(network, status, machineInterfaces(), external);
      return external;
    },
    memory: await PublicationMemory.open(join(settings.stateDir, PUBLICATION_FILE), log),
    onInternalError: (error) => internalErrors.report('publication', error),
    log,
    now,
    nowWall,
    random: Math.random,
  });

  // HTTP, the sites of keys in browsers first of all, in a thread of its own that asks by calls.
  let relayPuts = relayPutLimit(settings, now);
  const http = new HttpSide({
    async calls() {
      const { mainCalls } = await import('./http/main-calls.ts');
      return mainCalls({
        packets,
        router: resolution.router,
        names,
        history,
        petnames,
        front: { ask: (request, asker, options) => ask(request, asker, options) },
        addresses: () => addresses,
        status: () => status(),
        finder,
        network: () => packets.network,
        learn: (packet) => learn(packet, true),
        mayLookUp: packets.mayLookUp,
        mayPublish: (client) => relayPuts.take(client),
        now,
        nowWall,
      });
    },
    log,
    onInternalError: (error) => internalErrors.take(error),
  });

  const reportBug = (error: unknown) => internalErrors.report('exception', error);
  certificate.onChange((renewed) => {
    if (settings.httpTls.length > 0)
      http.apply(httpSettings(settings, given, renewed, names.current)).catch(reportBug);
  });

  const networkChanged = async () => {
    publisher.networkChanged();
    const hasOtherUpstreams = await resolution.networkChanged();
    await front.networkChanged(hasOtherUpstreams);
    packets.networkChanged();
    // Other networks may be those of `allow-from`.
    await http.apply(httpSettings(settings, given, certificate.known, names.current));
  };
  // Changes are followed one after another.
  let following = Promise.resolve();
  const unwatch = watchNetwork(
    machineView(),
    (change) => {
      log.info('The network changed.', { change });
      following = following.then(networkChanged).catch(reportBug);
    },
    reportBug,
  );

  // From front to back: clients are answered before the sources of the answers are closed.
  const closeOnce = async () => {
    unwatch();
    await following;
    await Promise.all([publisher.close().then(() => front.close()), http.close()]);
    const closing = packets.close();
    resolution.close();
    certificate.close();
    await closing;
    await Promise.all([resolvers.written(), history.close()]);
  };
  let closed: Promise<void> | undefined;
  const close = () => {
    closed ??= closeOnce();
    return closed;
  };

  // The listeners open last, when everything behind them is ready.
  const open = async () => {
    (await certificate.replace(settings)).commit();
    return await front.open();
  };
  let addresses = await open().catch(async (error: unknown) => {
    await close();
    throw error;
  });
  await http.apply(httpSettings(settings, given, certificate.known, names.current));
  publisher.start();

  const reload = async (wanted: Settings, wantedEntries: PublisherEntries): Promise<ReloadOutcome> => {
    const before = settings;
    const next = applicableSettings(before, wanted);
    const changes = (from: Settings, to: Settings) =>
      changedKeys(from, to).map((key) => describeChange(key, from, to));
    const needRestart = changes(next, wanted);
    const changed = changes(before, next);
    // What can fail comes first, so that it changes nothing.
    if (isChanged(before, next, 'dht', 'dhtListen')) await checkDhtPort(before, next);
    const otherCertificate = await useCertificate(certificate, next);
    const isElsewhere = isChanged(before, next, ...listenKeys);
    try {
      if (isElsewhere) addresses = await front.listenAt(next);
    } catch (error) {
      otherCertificate.undo();
      throw error;
    }
    resolvers.reload(next, useOfResolvers(next, log));
    try {
      if (changed.length > 0) await resolution.replace(next);
    } catch (error) {
      resolvers.reload(before, useOfResolvers(before, log));
      if (isElsewhere) addresses = await front.listenAt(before);
      otherCertificate.undo();
      throw new ReloadError(`The configuration cannot be used: ${errorMessage(error)}.`, { cause: error });
    }
    otherCertificate.commit();
    settings = next;
    if (changed.length > 0) {
      packets.reload(next);
      await front.reload(next);
      if (isChanged(before, next, 'relayRate')) relayPuts = relayPutLimit(next, now);
      await http.apply(httpSettings(next, given, certificate.known, names.current));
    }
    await names.reload(next.names);
    return { changed, needRestart, ...(await publisher.reload(wantedEntries)) };
  };

  const certificateStatus = () => {
    const shownAt = addresses.filter(({ service }) => service === 'tls' || service === 'https');
    const status = certificate.status(shownAt, nowWall());
    return status && { certificate: status };
  };

  const configurationStatus = () => {
    const known = configuration();
    return known && { configuration: known };
  };

  const portStatus = () => {
    const wanted = portNotPermitted(settings, addresses);
    return wanted !== undefined && { portNotPermitted: wanted };
  };

  const followers = new QueryFollowers((observe) => front.watchQueries(observe));
  const ask: App['ask'] = async (request, asker, options) => {
    const outcome = await front.ask(request, asker, options);
    const { forwarder } = resolution;
    return await withCachedOrigin(outcome, { finder, forwarder, petnames, suffixes: settings.suffix });
  };

  const status = async (): Promise<AppStatus> => ({
    version: programVersion(),
    pid: process.pid,
    uptime: (performance.now() - startedAt) / 1000,
    listen: addresses.map(servedAddressToText),
    ...portStatus(),
    ...certificateStatus(),
    ...(await front.status()),
    sources: await packets.sourcesStatus(),
    packets: finder.statistics(),
    store: packets.storeState(),
    dht: await packets.dhtStatus(),
    publications: publisher.status(),
    http: http.status(),
    ...configurationStatus(),
    internalErrors: internalErrors.status(),
  });

  return {
    get addresses() {
      return addresses;
    },
    reload(wanted, wantedEntries) {
      const done = following.then(() => {
        if (closed !== undefined) throw new ReloadError('pkarrd is stopping.');
        return reload(wanted, wantedEntries);
      });
      following = done.then(
        () => {},
        () => {}, // whoever asked for it is told
      );
      return done;
    },
    status,
    ask,
    followQueries: (observe) => followers.follow(observe),
    learn: (packet) => learn(packet, false),
    names,
    history,
    async flush(name) {
      const key = petnames.keyBehind(name, settings.suffix);
      // Packets first, so that an answer made in between comes from a new packet.
      const forgotten = name.isRoot || key !== undefined ? finder.forget(key) : 0;
      return { answers: await front.flush(name), packets: forgotten };
    },
    close,
  };
}

/** Most programs are one process, and need nothing of this. */
async function loadWorkers() {
  const [{ createWorkerPool }, { workerProcesses }] = await Promise.all([
    import('../workers/pool.ts'),
    import('../system/open-workers.ts'),
  ]);
  return { createWorkerPool, workerProcesses };
}

/** Resolvers of the system that nobody is to ask are neither told of nor kept. */
function useOfResolvers(settings: Settings, log: Log): { readonly log: Log; readonly mayWrite: boolean } {
  const isAsked = asksSystem(settings);
  return { log: isAsked ? log : silentLog, mayWrite: isAsked };
}

/** @throws ReloadError when it cannot be used; then nothing has changed. */
async function useCertificate(certificate: CurrentCertificate, settings: Settings): Promise<Replacement> {
  try {
    return await certificate.replace(settings);
  } catch (error) {
    if (!(error instanceof CertificateError)) throw error;
    throw new ReloadError(error.message, { cause: error });
  }
}

function errorMessage(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

/** Logs forwarding loops: one line a minute, whatever clients do. */
function tellLoops(log: Log, now: () => number): (upstream: string) => void {
  return rateLimited(
    (upstream: string, leftOut) =>
      log.error(
        'Forwarding loop: an upstream sends our own queries back to us. They get SERVFAIL; name another upstream.',
        { upstream, leftOut },
      ),
    { count: 1, period: 60_000, now },
  );
}

/** For a program that is part of another command: a fatal error ends that command. */
function endingErrors(log: Log): InternalErrors {
  const end = () => throwLater(new Error('pkarrd cannot go on after internal errors; see the lines before'));
  return new InternalErrors({ log, now: () => performance.now(), onTooMany: end, onFatal: end });
}
