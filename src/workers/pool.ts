import { Spaced } from '../async/spaced.ts';
import type { Rate } from '../async/token-bucket.ts';
import { type SettingTexts, settingsToTexts } from '../config/setting-texts.ts';
import type { Settings } from '../config/settings.ts';
import type { InternalError } from '../observe/internal-error.ts';
import type { Log } from '../observe/log.ts';
import { emptyHistogram } from '../observe/metrics/histogram.ts';
import { noTraffic } from '../observe/metrics/traffic.ts';
import type { PacketReader } from '../resolve/packet-reader.ts';
import type { PetnameEntry } from '../resolve/special/petnames.ts';
import type { HeldCertificate } from '../serve/certificate/current-certificate.ts';
import type { Front, FrontCallbacks, FrontStatus } from '../serve/front.ts';
import { ListenError } from '../serve/listen-error.ts';
import { CurrentListening } from '../serve/listeners/current-listening.ts';
import type { ListeningParts } from '../serve/listeners/listeners.ts';
import type { Opener } from '../serve/open-listeners.ts';
import { type ServedAddress, servedAddressToText } from '../serve/served-address.ts';
import type { BoundSockets } from '../system/activation/bound-sockets.ts';
import type { HeldPort, HoldPort, WorkerProcesses } from '../system/worker-process.ts';
import type { QueryObserver } from '../way/query-event.ts';
import { EndedWorkers, withCountsOf } from './ended-workers.ts';
import type { Handlers } from './link.ts';
import { mergeStatus } from './merge-status.ts';
import type { IncomingQuery, NetworkResolvers, PrimaryCalls, Started } from './messages.ts';
import { readForWorker } from './packet-proxy.ts';
import { type WorkerLink, WorkerSlot } from './slot.ts';

/** Milliseconds that a worker has to answer `status` and `flush`; a worker that takes longer is left out. */
const PATIENCE = 1_000;

/** The same to take other settings, for which it may have to read files. */
const RELOAD_PATIENCE = 8_000;

/** The same to answer a question, which takes 4.5 s at most. */
const ASK_PATIENCE = 4_800;

/** Milliseconds after which a worker that was told to stop is killed: a little more than queries in flight need. */
const CLOSE_AT_LATEST = 1_750;

/**
 * How often all workers are renewed, where only new ones get a port: a machine that starts containers has a new address
 * every few seconds, and each renewal costs the caches of the workers.
 */
const RENEWALS: Rate = { perSecond: 1 / 60, burst: 5 };

/** Milliseconds in which new addresses share a renewal. */
const RENEW_GATHER = 500;

/** What a pool needs from the rest of the program. */
export interface WorkerPoolParts extends Pick<FrontCallbacks, 'onLoop' | 'now'>, WorkerProcesses {
  /** The petnames to begin with. */
  readonly petnames: readonly PetnameEntry[];
  /** How it is listened: workers listen where the primary finds that one can. */
  readonly listening: ListeningParts;
  /** Sockets that this process was given, for its workers. */
  readonly given: BoundSockets;
  /** The certificate for encrypted DNS, which workers get from here. */
  readonly certificate: Pick<HeldCertificate, 'known' | 'onChange'>;
  /** The source of packets for the workers. */
  readonly packetReader: PacketReader;
  /** The upstream through which a query of this process came back; undefined for any other query. */
  readonly cameBackFrom: (query: Uint8Array, questionEnd: number) => string | undefined;
  /** The resolvers of the system, for workers. */
  readonly systemResolvers: () => Promise<NetworkResolvers>;
  /** Called with each internal error of a worker. */
  readonly onInternalError: (error: InternalError) => void;
  readonly log: Log;
}

/** A front of several processes that share the ports, each with caches and connections to upstreams of its own. */
export function createWorkerPool(settings: Settings, parts: WorkerPoolParts): Front {
  const {
    spawn,
    hold,
    given,
    certificate,
    isHeldForRunning,
    packetReader,
    cameBackFrom,
    onLoop,
    onInternalError,
    systemResolvers,
    log,
    now,
  } = parts;
  let texts = settingsToTexts(settings);
  let { petnames } = parts;
  let addresses: readonly ServedAddress[] = [];
  const ended = new EndedWorkers();
  /** Requests of programs of this machine, since the start. */
  let asked = 0;
  /** Who looks at live queries. */
  let observe: QueryObserver | undefined;

  const slots: readonly WorkerSlot[] = Array.from({ length: settings.workers }, (_, index) => {
    const handlers: Handlers<PrimaryCalls> = {
      packet: (request, signal) => readForWorker(packetReader, request, signal),
      cameBackToOther: (query, signal) =>
        cameBackFrom(query.query, query.questionEnd) ?? askOthers(index, query, signal),
      systemResolvers,
      loop: onLoop,
      queries: (batch) => observe?.(batch),
      // One of ours tells what to do with them.
      runtimeWarning: ({ name, message }) => process.emitWarning(message, name),
      listenFailed: ({ address, reason }) =>
        log.error('A worker cannot listen on an address; the others do.', {
          address: servedAddressToText(address),
          reason,
        }),
      internalError(error) {
        onInternalError(error);
        return undefined;
      },
    };
    const begin = async (link: WorkerLink) => {
      if (observe !== undefined) link.tell('watchQueries', true);
      addresses = listening(
        await link.ask('start', { texts, petnames, held: held.addresses, certificate: certificate.known }),
      );
    };
    return new WorkerSlot({ spawn, handlers, begin, log, now });
  });

  /** The response of the first of the other workers that knows the query. */
  const askOthers = async (index: number, query: IncomingQuery, signal: AbortSignal) => {
    const others = slots.filter((_, other) => other !== index).flatMap(({ link }) => link ?? []);
    const known = others.map(async (link) => {
      const upstream = await link.ask('cameBackFrom', query, signal);
      if (upstream === undefined) throw new RangeError('This worker did not send the query.');
      return upstream;
    });
    return await Promise.any(known).catch(() => undefined);
  };

  /** The responses of all listening workers that answer in time. */
  const askAll = async <T>(ask: (link: WorkerLink, signal: AbortSignal) => Promise<T>) => {
    const answers = slots.map(async ({ listening: worker }) => {
      if (worker === undefined) return [];
      const answer = ask(worker.link, AbortSignal.timeout(PATIENCE));
      return await answer.then(
        (value) => [{ pid: worker.pid, value }],
        () => [],
      );
    });
    return (await Promise.all(answers)).flat();
  };

  /** One worker after another gives way to a new one, which has the ports that are held by then. */
  const renewAll = async () => {
    for (const slot of slots) await slot.renew(CLOSE_AT_LATEST);
  };
  const renewal = new Spaced({
    work: renewAll,
    gatherMs: RENEW_GATHER,
    rate: RENEWALS,
    onError: parts.listening.onBug,
    now,
  });

  const held = new CurrentListening(settings, {
    ...parts.listening,
    onEvent(event) {
      parts.listening.onEvent(event);
      if (event.kind !== 'listening' && event.kind !== 'closed') return;
      if (!isHeldForRunning) {
        if (event.kind === 'listening') renewal.request();
        return;
      }
      const call = event.kind === 'listening' ? 'listenAt' : 'leave';
      for (const { link } of slots) link?.tell(call, event.address);
    },
  });

  const unlisten = certificate.onChange((renewed) => {
    for (const { link } of slots) link?.tell('certificate', renewed);
  });

  const close = async () => {
    unlisten();
    renewal.close();
    await Promise.all(slots.map((slot) => slot.close(CLOSE_AT_LATEST)));
    await held.close();
  };

  return {
    async open() {
      try {
        await held.open(holding(hold, given));
        await Promise.all(slots.map((slot) => slot.start()));
        return addresses;
      } catch (error) {
        await close();
        throw error;
      }
    },
    async listenAt(listen) {
      const before = textsOf(held.addresses);
      addresses = await held.replace(listen);
      const now = textsOf(addresses);
      const come = addresses.filter((address) => !before.has(servedAddressToText(address)));
      for (const { link } of slots) {
        for (const [text, address] of before) if (!now.has(text)) link?.tell('leave', address);
        if (isHeldForRunning) for (const address of come) link?.tell('listenAt', address);
      }
      if (!isHeldForRunning && come.length > 0) await renewAll();
      return addresses;
    },
    async reload(next) {
      texts = settingsToTexts(next);
      await Promise.all(slots.map((slot) => reloadSlot(slot, texts)));
    },
    async usePetnames(entries) {
      petnames = entries;
      // One that is starting gets them after those that it began with; one that ended begins with these.
      const told = slots.map(({ link }) => link?.ask('petnames', entries, AbortSignal.timeout(PATIENCE)));
      await Promise.all(told.map((one) => one?.catch(() => undefined)));
    },
    watchQueries(observer) {
      observe = observer;
      for (const { link } of slots) link?.tell('watchQueries', observer !== undefined);
    },
    async ask(request, asker, options = {}) {
      // One after another, so that a worker that hangs is not asked each time.
      const running = slots.flatMap((slot) => slot.listening ?? []);
      const worker = running[asked++ % Math.max(1, running.length)];
      if (worker === undefined) return 'unavailable';
      return await worker.link
        .ask('ask', { request, asker, options }, AbortSignal.timeout(ASK_PATIENCE))
        .catch(unavailable);
    },
    forgetKey(key) {
      for (const { link } of slots) link?.tell('forgetKey', key.text);
    },
    async flush(name) {
      const counts = await askAll((link, signal) => link.ask('flush', name.toString(), signal));
      return counts.reduce((sum, { value }) => sum + value, 0);
    },
    async networkChanged() {
      // Each worker finds out by itself whether its upstreams changed.
      for (const { link } of slots) link?.tell('networkChanged', undefined);
      await held.networkChanged();
    },
    async status() {
      const found = await askAll((link, signal) => link.ask('status', undefined, signal));
      const [first = unknown, ...others] = found.map(({ value }) => value);
      const running = slots.flatMap(({ listening: worker }) => worker?.pid ?? []);
      return {
        ...ended.take(found, running).reduce(withCountsOf, mergeStatus([first, ...others])),
        workers: {
          running: found.map(({ pid, value }) => ({ pid, queries: value.queries.queries })),
          wanted: settings.workers,
          restarts: slots.reduce((sum, { restarts }) => sum + restarts, 0),
        },
      };
    },
    close,
  };
}

/** Gives a worker other settings. One that does not take them gives way to a new one, which begins with them. */
async function reloadSlot(slot: WorkerSlot, texts: SettingTexts): Promise<void> {
  try {
    await slot.link?.ask('reload', texts, AbortSignal.timeout(RELOAD_PATIENCE));
  } catch {
    // It ended, and is started again; or it hangs; or it failed, for example to read a file that all workers read.
    await slot.renew(CLOSE_AT_LATEST);
  }
}

function textsOf(addresses: readonly ServedAddress[]): ReadonlyMap<string, ServedAddress> {
  return new Map(addresses.map((address) => [servedAddressToText(address), address]));
}

/** A worker that ended, or that does not answer. */
function unavailable(): 'unavailable' {
  return 'unavailable';
}

/** The addresses of a worker that listens. @throws ListenError the worker's error. */
function listening(started: Started): readonly ServedAddress[] {
  if (started.kind === 'listening') return started.addresses;
  const { protocol, address, code, message } = started;
  throw new ListenError(protocol, address, Object.assign(new Error(message), { code }));
}

/** Opens ports that nobody answers at yet. */
function holding(hold: HoldPort, given: BoundSockets): Opener {
  const open =
    (protocol: 'udp' | 'tcp') =>
    async (address: ServedAddress): Promise<HeldPort> => {
      const { host, port } = address;
      try {
        return await hold(protocol, host, port, given.find(protocol, host, port));
      } catch (cause) {
        throw cause instanceof Error ? new ListenError(protocol, address, cause) : cause;
      }
    };
  const tcp = open('tcp');
  return { udp: open('udp'), tcp, service: (service, address) => tcp({ ...address, service }), given };
}

/** The status while no worker answers. */
const unknown: FrontStatus = {
  queries: { queries: 0, inFlight: 0 },
  traffic: noTraffic,
  loopDelay: emptyHistogram,
  cache: { entries: 0, bytes: 0, maxBytes: 0, hits: 0, misses: 0, evictions: 0 },
  forwarder: { upstreams: [], routes: [], next: undefined, questions: 0, failures: 0, inFlight: 0 },
  portalIsLikely: false,
};
