import { throwLater } from '../../async/throw-later.ts';

/** What a watchdog is fed with. */
export interface WatchdogParts {
  /** Milliseconds without a word after which the service manager kills us. */
  readonly periodMs: number;
  /** Resolves to whether a query to ourselves was answered within so many milliseconds. Never rejects. */
  readonly isAnswered: (withinMs: number) => Promise<boolean>;
  /** We are well. */
  readonly alive: () => void;
  /** Called when a query was not answered, once until one is again. */
  readonly onSilence: () => void;
}

/** Queries in half a period, when none is answered: one may be lost when the receive buffer is full. */
const TRIES = 3;

/**
 * Tells the service manager twice in a period that we are well (sd_watchdog_enabled(3): "every half of the time"), each time because
 * a query to ourselves was answered: an event loop that turns says little about a socket.
 * @returns what ends it.
 */
export function feedWatchdog({ periodMs, isAnswered, alive, onSilence }: WatchdogParts): () => void {
  const half = periodMs / 2;
  let isSilent = false;
  let isStopped = false;
  let timer: NodeJS.Timeout | undefined;
  const feed = async () => {
    const startedAt = performance.now();
    let isWell = false;
    for (let tries = 0; !isWell && tries < TRIES && !isStopped; tries++)
      isWell = await isAnswered(half / TRIES);
    if (isStopped) return;
    if (isWell) alive();
    else if (!isSilent) onSilence();
    isSilent = !isWell;
    // After a silence at once: what is left of the period is little.
    timer = setTimeout(run, isWell ? Math.max(0, startedAt + half - performance.now()) : 0);
    timer.unref();
  };
  const run = () => {
    feed().catch(throwLater);
  };
  run();
  return () => {
    isStopped = true;
    clearTimeout(timer);
  };
}
