import { throwLater } from '../../async/throw-later.ts';
import type { Log } from '../../observe/log.ts';
import { servedAddressToText } from '../../serve/served-address.ts';
import type { Supervision } from '../../system/notify/open-service-manager.ts';
import { feedWatchdog } from '../../system/notify/watchdog.ts';
import type { App } from '../status.ts';
import { SelfQuery } from './self-query.ts';
import { statusSentence } from './status-sentence.ts';
import { UpstreamNews } from './upstream-news.ts';

/** Milliseconds between two looks at the state of the program. */
const LOOK_EVERY = 2_000;

/** The same between two statuses, some of which cost a process. */
const STATUS_EVERY = 6_000;

/** The part of the watchdog's period that is left at least: more often than that, a busy machine looks like a fault. */
const LEAST_OF_PERIOD = 0.75;

/** Keeps the service manager and the log up to date while the program runs. */
export interface Supervisor {
  /** The configuration is about to be read anew: tells it, and that it was, when `work` has settled. Resolves as `work` does. */
  reloading<T>(work: () => Promise<T>): Promise<T>;
  /** The state has changed: a status is told soon, and not only in some seconds. */
  changed(): void;
  /** The program ends: tells it, and looks no more. Resolves within 0.3 s. */
  stopping(): Promise<void>;
}

/** What the supervisor needs. */
export interface SupervisorParts {
  readonly app: Pick<App, 'addresses' | 'status'>;
  readonly supervision: Supervision;
  readonly log: Log;
  /** Sentences that the status begins with: what somebody has to know first. */
  readonly notes?: () => readonly string[];
}

/** Tells that the program is ready, and from then on how it does. */
export function supervise({ app, supervision, log, notes = () => [] }: SupervisorParts): Supervisor {
  const { manager, watchdogMs } = supervision;
  const news = new UpstreamNews(log);
  let statusDueAt = 0;
  let isLooking = false;
  let isEnding = false;

  const look = async () => {
    if (isLooking || isEnding) return;
    isLooking = true;
    try {
      const status = await app.status();
      if (isEnding) return;
      news.take(status.forwarder.upstreams);
      if (!manager.isThere || performance.now() < statusDueAt) return;
      statusDueAt = performance.now() + STATUS_EVERY;
      manager.status(statusSentence(app, status, notes()));
    } finally {
      isLooking = false;
    }
  };
  const lookNow = () => {
    look().catch(throwLater);
  };

  manager.ready();
  const periodMs = watchdogMs && shortened(watchdogMs);
  if (periodMs !== undefined) manager.watchdog(periodMs);
  lookNow();
  const timer = setInterval(lookNow, LOOK_EVERY);
  timer.unref();
  const selfQuery = new SelfQuery(() => app.addresses.filter(({ service }) => service === undefined));
  const stopFeeding =
    periodMs === undefined
      ? () => {}
      : feedWatchdog({
          periodMs,
          isAnswered: (withinMs) => selfQuery.isAnswered(withinMs),
          alive: manager.alive,
          onSilence: () =>
            log.error(
              'A query to ourselves was not answered. The service manager restarts pkarrd if this goes on.',
              {
                addresses: app.addresses.map(servedAddressToText).join(',') || 'none',
              },
            ),
        });

  return {
    async reloading(work) {
      manager.reloading();
      try {
        return await work();
      } finally {
        manager.ready();
        statusDueAt = 0;
        lookNow();
      }
    },
    changed() {
      statusDueAt = 0;
      lookNow();
    },
    async stopping() {
      isEnding = true;
      clearInterval(timer);
      stopFeeding();
      await manager.stopping();
    },
  };
}

/**
 * The period without what our start has taken on this machine: clients who ask while we hang are answered by the next process,
 * and `WatchdogSec=` says how long that may take.
 */
function shortened(watchdogMs: number): number {
  return Math.max(watchdogMs * LEAST_OF_PERIOD, watchdogMs - performance.now());
}
