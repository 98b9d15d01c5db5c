import { elapsedClock } from '../async/elapsed-clock.ts';
import { type SettingTexts, settingsFromTexts } from '../config/setting-texts.ts';
import { Name } from '../dns/name.ts';
import { isTellingCase } from '../forward/request.ts';
import { describeInternalError, type InternalError } from '../observe/internal-error.ts';
import { silentLog } from '../observe/log.ts';
import { PublicKey } from '../pkarr/public-key.ts';
import { Petnames } from '../resolve/special/petnames.ts';
import { HeldCertificate } from '../serve/certificate/current-certificate.ts';
import { ListenError } from '../serve/listen-error.ts';
import { ToldListeners } from '../serve/listeners/told-listeners.ts';
import { nameProcess } from '../system/process-name.ts';
import { onRuntimeWarning } from '../system/runtime-warnings.ts';
import { EXIT_INTERNAL_ERROR, onUncaught } from '../system/uncaught.ts';
import { primaryPeer } from '../system/worker-line.ts';
import { portsOfWorker } from '../system/worker-ports.ts';
import type { QueryObserver } from '../way/query-event.ts';
import { Link } from '../workers/link.ts';
import type { IncomingQuery, PrimaryCalls, Started, WorkerCalls } from '../workers/messages.ts';
import { PacketProxy } from '../workers/packet-proxy.ts';
import { CurrentResolution } from './current-resolution.ts';
import { createFront, type LocalFront } from './front.ts';
import type { Resolution } from './resolution.ts';

/** Milliseconds that a query waits for the other workers to say whether it is theirs: far more than it takes. */
const LOOP_PATIENCE = 500;

/** Milliseconds that a worker has to report its uncaught error to the primary. */
const LAST_WORDS = 500;

/** The parts of a worker that was started. */
interface Running {
  readonly resolution: CurrentResolution;
  readonly front: LocalFront;
}

/**
 * Runs one worker: a front of its own, with packets from the primary. It writes neither files nor log lines: the
 * primary notices what all workers notice, and logs it once.
 */
export function runWorker(): void {
  nameProcess('pkarrd worker');
  const now = () => elapsedClock.now();
  const packetReader = new PacketProxy((request, signal) => link.ask('packet', request, signal), now);
  let running: Running | undefined;
  let listeners: ToldListeners | undefined;
  const certificate = new HeldCertificate();
  const petnames = new Petnames();
  /** The network changed while this worker started. */
  let isOutdated = false;
  /** Whom to tell each query. */
  let watchQueries: QueryObserver | undefined;
  /** The settings that were given last, if others than at the start. */
  let newTexts: SettingTexts | undefined;
  /** Changes of the network and of the settings are followed one after another. */
  let following: Promise<unknown> = Promise.resolve();
  const follow = (work: () => Promise<void>): Promise<void> => {
    const done = following.then(work);
    following = done.catch(() => {}); // whoever asked for it is told
    return done;
  };
  const followNetwork = ({ resolution, front }: Running) =>
    follow(async () => front.networkChanged(await resolution.networkChanged()));
  const reload = ({ resolution, front }: Running, texts: SettingTexts) =>
    follow(async () => {
      const settings = settingsFromTexts(texts);
      await resolution.replace(settings);
      packetReader.forget();
      await front.reload(settings);
    });

  /** The upstream through which a query of this worker or of another one came back. */
  const cameBackFrom = (resolution: Resolution) => (query: Uint8Array, questionEnd: number) => {
    const upstream = resolution.cameBackFrom(query, questionEnd);
    if (upstream !== undefined || !isTellingCase(query, questionEnd)) return upstream;
    const copy = { query: new Uint8Array(query.subarray(0, questionEnd)), questionEnd };
    return link.ask('cameBackToOther', copy, AbortSignal.timeout(LOOP_PATIENCE)).catch(() => undefined);
  };

  const link = new Link<PrimaryCalls, WorkerCalls>(primaryPeer(), {
    async start({ texts, petnames: entries, held, certificate: given }): Promise<Started> {
      petnames.replace(entries);
      if (given !== undefined) certificate.set(given);
      listeners = new ToldListeners(held, (failure) => link.tell('listenFailed', failure));
      const settings = settingsFromTexts(texts);
      const resolution = await CurrentResolution.start(settings, silentLog, {
        packetReader,
        petnames,
        resolvers: { current: () => link.ask('systemResolvers', undefined) },
      });
      const front = createFront(settings, {
        resolution,
        petnames,
        cameBackFrom: cameBackFrom(resolution),
        listeners,
        given: portsOfWorker(),
        certificate,
        onLoop: (upstream) => link.tell('loop', upstream),
        onBug: report,
        now,
      });
      running = { resolution, front };
      front.watchQueries(watchQueries);
      if (isOutdated) await followNetwork(running);
      if (newTexts !== undefined) await reload(running, newTexts);
      try {
        return { kind: 'listening', addresses: await front.open() };
      } catch (error) {
        if (!(error instanceof ListenError)) throw error;
        const { protocol, address, code, message } = error;
        return { kind: 'refused', protocol, address, code, message };
      }
    },
    async reload(texts) {
      newTexts = texts;
      if (running !== undefined) await reload(running, texts);
      return undefined;
    },
    async petnames(entries) {
      if (running === undefined) petnames.replace(entries);
      else await running.front.usePetnames(entries);
      return undefined;
    },
    listenAt: (address) => listeners?.listenAt(address),
    leave: (address) => listeners?.leave(address),
    certificate: (renewed) => certificate.set(renewed),
    areYouThere() {
      elapsedClock.check();
      return undefined;
    },
    status: () => ready().front.status(),
    ask: ({ request, asker, options }) => ready().front.ask(request, asker, options),
    watchQueries(isWatched) {
      watchQueries = isWatched ? (batch) => link.tell('queries', batch) : undefined;
      running?.front.watchQueries(watchQueries);
    },
    flush(text) {
      const name = Name.parse(text);
      const { front } = ready();
      const key = front.keyBehind(name);
      if (name.isRoot) packetReader.forget();
      else if (key !== undefined) packetReader.forget(key);
      return front.flush(name);
    },
    forgetKey(text) {
      const key = PublicKey.fromLabel(text);
      packetReader.forget(key);
      running?.front.forgetKey(key);
    },
    async networkChanged() {
      isOutdated = running === undefined;
      if (running !== undefined) await followNetwork(running).catch(report);
    },
    cameBackFrom: ({ query, questionEnd }: IncomingQuery) =>
      running?.resolution.cameBackFrom(query, questionEnd),
    async stop() {
      await running?.front.close();
      running?.resolution.close();
      process.exit(0);
    },
  });

  /** Reports an error that was caught while a query was answered. */
  const report = (error: unknown) => {
    const described = describeInternalError('query', 'worker', error);
    if (described.isFatal) crash(described);
    else link.tell('internalError', described);
  };

  let isCrashing = false;
  /** Exits, because the state of this process is unknown, after it has reported why. Another worker takes its place. */
  const crash = (error: InternalError) => {
    if (isCrashing) return;
    isCrashing = true;
    const end = () => process.exit(EXIT_INTERNAL_ERROR);
    link.ask('internalError', error, AbortSignal.timeout(LAST_WORDS)).then(end, end);
  };
  onRuntimeWarning(({ name, message }) => link.tell('runtimeWarning', { name, message }));
  onUncaught(({ kind, error }) => crash(describeInternalError(kind, 'worker', error)));

  const ready = () => {
    if (running === undefined) throw new Error('this worker does not listen yet');
    return running;
  };
}
