import { AnswerCache, type CacheStatistics } from './cache/answer-cache.ts';
import { accessPrefixes, clientRate } from './client-limits.ts';
import type { ListenAddress } from './config/listen-address.ts';
import type { Settings } from './config/settings.ts';
import type { Name } from './dns/name.ts';
import type { ForwarderStatus } from './forward/status.ts';
import type { PublicKey } from './pkarr/public-key.ts';
import { namesOfKey } from './resolve/suffix.ts';
import { AccessList } from './serve/access-list.ts';
import { answering, closeListeners, type ListenerPair, listenAt } from './serve/open-listeners.ts';
import { Responder, type ResponderParts, type ResponderStatistics } from './serve/responder.ts';
import type { Resolution } from './start-resolution.ts';

/** Milliseconds that queries in flight have when the program is told to stop. */
const CLOSE_GRACE = 1_500;

/** Seconds that an expired answer may be served when there is nothing better: RFC 8767 §5 suggests 1 to 3 days. */
const MAX_STALE = 86_400;

/** What faces clients: octets in, octets out. */
export interface Front {
  /** Listens. @throws ListenError when an address cannot be had; then nothing is left open. */
  open(): Promise<readonly ListenAddress[]>;
  /** Forgets what was made of a packet that is out of date. */
  forgetKey(key: PublicKey): void;
  /** Forgets the answers for names at and below `name`. @returns how many. */
  flush(name: Name): Promise<number>;
  /** What was true of the old network is forgotten. */
  networkChanged(): Promise<void>;
  /** What was done. */
  status(): Promise<FrontStatus>;
  /** Finishes what is in flight, within 1.5 s, and frees the addresses. */
  close(): Promise<void>;
}

/** What a front holds and has done since its start. */
export interface FrontStatus {
  readonly queries: ResponderStatistics;
  readonly cache: CacheStatistics;
  readonly forwarder: ForwarderStatus;
  /** Undefined when there is one process. */
  readonly workers?: WorkersStatus;
}

/** The processes that face clients, when there are several. Counts of one that was replaced are gone with it. */
export interface WorkersStatus {
  readonly running: readonly { readonly pid: number; readonly queries: number }[];
  /** How many there should be. */
  readonly wanted: number;
  /** How often one ended and was replaced. */
  readonly restarts: number;
}

/** What a front needs of the rest of the program. */
export interface FrontParts extends Pick<ResponderParts, 'cameBackFrom' | 'onLoop' | 'onBug' | 'now'> {
  readonly resolution: Resolution;
}

/** The front of one process: listeners, access list, responder, cache. */
export function createFront(settings: Settings, { resolution, ...parts }: FrontParts): Front {
  const { now } = parts;
  const cache = new AnswerCache({ maxBytes: settings.cacheSize, maxStale: MAX_STALE, now });
  const access = new AccessList(accessPrefixes(settings));
  const responder = new Responder({
    ...parts,
    resolver: resolution.router,
    cache,
    access,
    rate: clientRate(settings, now),
    trustAuthenticData: settings.trustAd,
  });
  let listeners: readonly ListenerPair[] = [];
  return {
    async open() {
      listeners = await listenAt(settings.listen, answering(responder));
      return listeners.map(({ address }) => address);
    },
    forgetKey(key) {
      for (const name of namesOfKey(key, settings.suffix)) cache.forget(name);
    },
    flush: async (name) => cache.forget(name),
    async networkChanged() {
      access.replace(accessPrefixes(settings));
      cache.forgetFailures();
    },
    status: async () => ({
      queries: responder.statistics(),
      cache: cache.statistics(),
      forwarder: resolution.forwarder.status(),
    }),
    async close() {
      await responder.close(CLOSE_GRACE);
      await closeListeners(listeners);
    },
  };
}
