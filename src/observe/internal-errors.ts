import { describeInternalError, type InternalError, type InternalErrorKind } from './internal-error.ts';
import type { Log } from './log.ts';
import { rateLimited } from './log-rate-limit.ts';

/** How often something went wrong at one place. */
export interface InternalErrorCount extends Pick<InternalError, 'kind' | 'part' | 'place'> {
  readonly count: number;
  /** Seconds since the last. */
  readonly agoSeconds: number;
}

/** Uncaught errors of the main process within a minute after which it is better started again. */
const MAX_A_MINUTE = 20;

/** Log lines per minute for errors in queries: a client may be able to cause many. */
const MAX_QUERY_LINES = 5;

const MINUTE = 60_000;

/** Places that are counted one by one; errors of further places are counted together. */
const MAX_PLACES = 100;

/** How the last line of defence is set up. */
export interface InternalErrorsParts {
  readonly log: Log;
  /** Milliseconds, never going back. */
  readonly now: () => number;
  /** Ends the program in order, because there were too many uncaught errors. Called once. */
  readonly onTooMany: () => void;
  /** Ends the program at once. */
  readonly onFatal: () => void;
}

/**
 * The last line of defence: an internal error is logged and counted, and the program goes on, unless there are too many
 * or going on would do harm.
 */
export class InternalErrors {
  readonly #parts: InternalErrorsParts;
  readonly #counts = new Map<string, { count: number; at: number; readonly error: InternalError }>();
  readonly #tellOfQuery: (error: InternalError) => void;
  /** When the latest uncaught errors of the main process came. */
  #recent: number[] = [];
  #isEnding = false;

  constructor(parts: InternalErrorsParts) {
    this.#parts = parts;
    const { log, now } = parts;
    this.#tellOfQuery = rateLimited(
      (error, leftOut) =>
        log.error('Internal error while answering a query. Please report it.', {
          ...fieldsOf(error),
          leftOut,
        }),
      { count: MAX_QUERY_LINES, period: MINUTE, now },
    );
  }

  /** Takes an error of the main process. */
  report(kind: InternalErrorKind, error: unknown): void {
    this.take(describeInternalError(kind, 'main', error));
  }

  /** Takes an error of any part of the program: one line of the log, and a count. */
  take(error: InternalError): void {
    const now = this.#parts.now();
    this.#count(error, now);
    this.#tell(error);
    if (error.part !== 'main') return;
    if (error.isFatal) this.#parts.onFatal();
    else if (error.kind === 'exception' || error.kind === 'rejection') this.#watchRate(now);
  }

  /** What was counted since the start, the most frequent first. */
  status(): readonly InternalErrorCount[] {
    const now = this.#parts.now();
    return [...this.#counts.values()]
      .map(({ count, at, error: { kind, part, place } }) => {
        return { kind, part, place, count, agoSeconds: (now - at) / 1000 };
      })
      .sort((one, other) => other.count - one.count);
  }

  #watchRate(now: number): void {
    this.#recent = [...this.#recent.filter((at) => now - at < MINUTE), now];
    if (this.#recent.length <= MAX_A_MINUTE || this.#isEnding) return;
    this.#isEnding = true;
    this.#parts.log.error('Too many internal errors in a minute. The program ends, to be started again.', {
      count: this.#recent.length,
    });
    this.#parts.onTooMany();
  }

  #count(error: InternalError, now: number): void {
    const keyOf = (place: string) => [error.kind, error.part, place].join(' ');
    const isNamed = this.#counts.has(keyOf(error.place)) || this.#counts.size < MAX_PLACES;
    const place = isNamed ? error.place : 'elsewhere';
    const held = this.#counts.get(keyOf(place)) ?? {
      count: 0,
      at: now,
      error: { ...error, place, text: '' },
    };
    held.count++;
    held.at = now;
    this.#counts.set(keyOf(place), held);
  }

  #tell(error: InternalError): void {
    const { log } = this.#parts;
    if (error.isFatal && error.part === 'main')
      log.error('Internal error. The program ends, because going on could do harm.', fieldsOf(error));
    else if (error.kind === 'query') this.#tellOfQuery(error);
    // The publisher and the store log theirs themselves, with more detail.
    else if (error.kind !== 'publication' && error.kind !== 'store')
      log.error('Internal error. Please report it.', fieldsOf(error));
  }
}

function fieldsOf({ kind, part, place, text }: InternalError) {
  return { kind, part, place, error: text };
}
