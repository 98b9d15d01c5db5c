import { AnswerCache } from '../cache/answer-cache.ts';
import type { Settings } from '../config/settings.ts';
import { Name } from '../dns/name.ts';
import { LoopDelay } from '../observe/metrics/loop-delay.ts';
import type { PublicKey } from '../pkarr/public-key.ts';
import { Petnames } from '../resolve/special/petnames.ts';
import { isKeyName, namesOfKey } from '../resolve/special/suffix.ts';
import type { CertificateSource } from '../serve/certificate/certificate.ts';
import { AccessList } from '../serve/clients/access-list.ts';
import type { Front, FrontCallbacks } from '../serve/front.ts';
import type { Listeners } from '../serve/listeners/listeners.ts';
import { answering } from '../serve/open-listeners.ts';
import { Responder } from '../serve/responder.ts';
import type { BoundSockets } from '../system/activation/bound-sockets.ts';
import { accessPrefixes, clientRate } from './client-limits.ts';
import { answersChange, isChanged } from './configuration/changed-settings.ts';
import type { Resolution } from './resolution.ts';

/** Milliseconds that queries in flight have when the program stops. */
const CLOSE_GRACE = 1_500;

/** Seconds that an expired answer may be served if there is nothing better: RFC 8767 §5 suggests 1 to 3 days. */
const MAX_STALE = 86_400;

/** What a front needs of the rest of the program. */
export interface FrontParts extends FrontCallbacks {
  readonly resolution: Resolution;
  /** Those that `resolution` goes by; none if absent. */
  readonly petnames?: Petnames;
  readonly listeners: Listeners;
  /** Sockets that this process was given. */
  readonly given: BoundSockets;
  /** The certificate for encrypted DNS. */
  readonly certificate: CertificateSource;
}

/** The front of this process. */
export interface LocalFront extends Front {
  /** The key whose packet answers for `name`; undefined for other names. */
  keyBehind(name: Name): PublicKey | undefined;
}

/** The front of one process: listeners, access list, responder, cache. */
export function createFront(
  initial: Settings,
  { resolution, petnames = new Petnames(), listeners, given, certificate, ...parts }: FrontParts,
): LocalFront {
  const { now } = parts;
  let settings = initial;
  const cache = new AnswerCache({
    maxBytes: settings.cacheSize,
    maxStale: MAX_STALE,
    now,
    isOrdinary: (name) => !isKeyName(name, settings.suffix) && petnames.find(name) === undefined,
  });
  const loopDelay = new LoopDelay();
  const access = new AccessList(accessPrefixes(settings));
  const responder = new Responder({
    ...parts,
    resolver: resolution.router,
    local: resolution.local,
    straight: resolution.straight,
    cache,
    access,
    rate: clientRate(settings, now),
    trustAuthenticData: settings.trustAd,
  });
  const keyBehind = (name: Name) => petnames.keyBehind(name, settings.suffix);
  /** The names at and below which answers come from the packet of a key. */
  const namesOf = (key: PublicKey) => [...namesOfKey(key, settings.suffix), ...petnames.namesOf(key)];
  return {
    keyBehind,
    open: () => listeners.open(answering(responder, { given, certificate, onBug: parts.onBug })),
    listenAt: (listen) => listeners.replace(listen),
    async reload(next) {
      const before = settings;
      settings = next;
      access.replace(accessPrefixes(next));
      responder.replaceParts({
        local: resolution.local,
        straight: resolution.straight,
        trustAuthenticData: next.trustAd,
        // What clients have used of it is kept.
        ...(isChanged(before, next, 'clientRate') && { rate: clientRate(next, now) }),
      });
      if (answersChange(before, next)) cache.flush(Name.root);
    },
    async usePetnames(entries) {
      for (const name of petnames.replace(entries)) cache.forget(name);
    },
    ask: (request, asker, options) => responder.ask(request, asker, options),
    watchQueries: (observe) => responder.watchQueries(observe),
    forgetKey(key) {
      for (const name of namesOf(key)) cache.forget(name);
    },
    async flush(name) {
      const key = keyBehind(name);
      // All answers of a key come from the packet that is fetched again.
      const names = key === undefined ? [name] : [name, ...namesOf(key)];
      return names.reduce((sum, one) => sum + cache.flush(one), 0);
    },
    async networkChanged(hasOtherUpstreams) {
      access.replace(accessPrefixes(settings));
      cache.forgetFailures();
      if (hasOtherUpstreams) cache.expireOrdinary();
      await listeners.networkChanged();
    },
    status: async () => ({
      queries: responder.statistics(),
      traffic: responder.traffic(),
      loopDelay: loopDelay.snapshot(),
      cache: cache.statistics(),
      forwarder: resolution.forwarder.status(),
      portalIsLikely: resolution.portalIsLikely(),
    }),
    async close() {
      const startedAt = now();
      loopDelay.close();
      await listeners.leaveToOthers();
      await responder.close(Math.max(0, startedAt + CLOSE_GRACE - now()));
      responder.watchQueries(undefined);
      await listeners.close();
    },
  };
}
