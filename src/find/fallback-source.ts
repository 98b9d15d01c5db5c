import type { SignedPacket } from '../pkarr/signed-packet.ts';
import { addObserved } from './lookup-state.ts';
import { MergedEvents, type SourceEnd } from './merged-events.ts';
import { type Observed, type PacketSource, SourceError } from './packet-source.ts';

/** When the second source is asked. */
export interface FallbackOptions {
  /** Milliseconds without a packet from the first source; 0 asks both at once. */
  readonly afterMs: number;
  /**
   * How many of the first source have to say that they have nothing to be believed; fewer do when no more were asked. If it
   * ends with fewer, or fails, the second source is asked at once. Infinity asks it whenever the first ends without a
   * packet.
   */
  readonly quorum: number;
}

/**
 * The first source, and the second if the first has no packet soon enough or fails. Both go on until they end: a packet of
 * one does not stop a newer one of the other. A source that fails counts for nothing, unless the other fails too.
 */
export function fallbackSource(
  primary: PacketSource,
  secondary: PacketSource,
  { afterMs, quorum }: FallbackOptions,
): PacketSource {
  return {
    label: `${primary.label}, ${secondary.label}`,
    async *lookup(key, { signal, ...options }) {
      const ending = new AbortController();
      const merged = new MergedEvents();
      const lookUp = (source: PacketSource) =>
        source.lookup(key, { ...options, signal: AbortSignal.any([signal, ending.signal]) });
      // An older packet than the one that is held is no answer.
      const isNews = ({ timestamp }: SignedPacket) => timestamp > (options.newerThan ?? -1n);
      let second: Promise<SourceEnd> | undefined;
      const askSecond = () => {
        second ??= merged.take(lookUp(secondary), isNews);
      };
      const timer = setTimeout(askSecond, afterMs);
      if (afterMs === 0) askSecond();
      const work = async () => {
        const first = await merged.take(lookUp(primary), isNews, () => clearTimeout(timer));
        clearTimeout(timer);
        if (!isConclusive(first, quorum)) askSecond();
        const ends = second === undefined ? [first] : [first, await second];
        signal.throwIfAborted();
        return observedBy(ends);
      };
      try {
        yield* merged.events(work());
      } finally {
        clearTimeout(timer);
        ending.abort(new SourceError('the rest is not needed'));
      }
    },
  };
}

/**
 * Several sources, each asked when those before it ended without a packet, or took too long: relays, each of which learns
 * which key is looked for. At least one source.
 */
export function inTurn(
  [first, ...rest]: readonly [PacketSource, ...PacketSource[]],
  options: { /** Milliseconds until the next is asked too. */ readonly afterMs: number },
): PacketSource {
  const [next, ...others] = rest;
  if (next === undefined) return first;
  return fallbackSource(first, inTurn([next, ...others], options), {
    ...options,
    quorum: Number.POSITIVE_INFINITY,
  });
}

function isConclusive({ packets, observed, failure }: SourceEnd, quorum: number): boolean {
  if (packets > 0) return true;
  if (failure !== undefined || observed === undefined) return false;
  return Number.isFinite(quorum) && observed.empty >= Math.min(quorum, Math.max(1, observed.asked));
}

/** A source that ended without saying what it observed. */
const silent: Observed = { asked: 1, answered: 0, empty: 0, notNewer: 0 };

/** @throws SourceError when all failed. */
function observedBy(ends: readonly SourceEnd[]): Observed {
  const whole = ends.filter(({ failure }) => failure === undefined);
  if (whole.length === 0) throw new SourceError(ends.map(({ failure }) => failure).join('; '));
  return whole.map(({ observed }) => observed ?? silent).reduce(addObserved);
}
