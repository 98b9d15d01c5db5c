import type { SignedPacket } from '../pkarr/signed-packet.ts';
import { addObserved } from './lookup-state.ts';
import { MergedEvents, type SourceEnd } from './merged-events.ts';
import { type Observed, type PacketSource, SourceError } from './packet-source.ts';

/** When the second source is asked. */
export interface FallbackOptions {
  /** Milliseconds to wait for a packet from the first source; with 0 both are asked at once. */
  readonly afterMs: number;
  /**
   * How many nodes of the first source must report that they have nothing; fewer suffice if fewer were asked. If it ends with
   * fewer, or fails, the second source is asked at once. With Infinity it is asked whenever the first ends without a packet.
   */
  readonly quorum: number;
}

/**
 * Asks the first source, and the second if the first has no packet soon enough or fails. Both run until they end, because the
 * other may have a newer packet. The failure of one source is ignored, unless the other fails too.
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
      // A packet that is older than the one we have is not an answer.
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
 * Several sources in order; each is asked if those before it ended without a packet or took too long. It is for relays, since
 * each relay that is asked learns the key. There must be at least one source.
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

/** The observation of a source that ended without reporting one. */
const silent: Observed = { asked: 1, answered: 0, empty: 0, notNewer: 0 };

/** @throws SourceError if all failed. */
function observedBy(ends: readonly SourceEnd[]): Observed {
  const whole = ends.filter(({ failure }) => failure === undefined);
  if (whole.length === 0) throw new SourceError(ends.map(({ failure }) => failure).join('; '));
  return whole.map(({ observed }) => observed ?? silent).reduce(addObserved);
}
