import type { SignedPacket } from '../pkarr/signed-packet.ts';
import { addObserved } from './lookup-state.ts';
import { type Observed, type PacketSource, SourceError, type SourceEvent } from './packet-source.ts';

/** When a fallback is asked. */
export interface FallbackOptions {
  /** Milliseconds without a packet from the first source; 0 asks both at once. */
  readonly afterMs: number;
  /**
   * Answers "nothing" of the first source that are believed; fewer suffice when all that were asked say so. When it
   * ends with fewer, or cannot be asked, the second source is asked at once. Infinity asks it whenever the first ends
   * without a packet.
   */
  readonly quorum: number;
}

/**
 * The first source, and the second where the first has no packet soon enough or cannot be asked. Both go on until they
 * end: a packet of the one does not stop a newer one of the other. What one cannot do counts as one that was asked and did not
 * answer, unless the other cannot be asked either.
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
      const merged = new Merge();
      const lookUp = (source: PacketSource) =>
        source.lookup(key, { ...options, signal: AbortSignal.any([signal, ending.signal]) });
      // An older packet than the one that is held is no answer.
      const isNews = ({ timestamp }: SignedPacket) => timestamp > (options.newerThan ?? -1n);
      let second: Promise<Ending> | undefined;
      const askSecond = () => {
        second ??= merged.pump(lookUp(secondary), isNews);
      };
      const timer = setTimeout(askSecond, afterMs);
      if (afterMs === 0) askSecond();
      const work = async () => {
        const first = await merged.pump(lookUp(primary), isNews, () => clearTimeout(timer));
        clearTimeout(timer);
        if (!isConclusive(first, quorum)) askSecond();
        const endings = second === undefined ? [first] : [first, await second];
        signal.throwIfAborted();
        merged.end(endings);
      };
      try {
        merged.watch(work());
        yield* merged.events();
      } finally {
        clearTimeout(timer);
        ending.abort(new SourceError('nobody waits for the rest'));
      }
    },
  };
}

/**
 * Several sources of which each is asked when those before it ended without a packet, or took too long: relays, each
 * of which learns which key is looked for. At least one source.
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

/** How one source ended. */
interface Ending {
  readonly packets: number;
  /** Undefined when it ended without a word. */
  readonly observed: Observed | undefined;
  /** It could not be asked. */
  readonly failure: string | undefined;
}

const silent: Observed = { asked: 1, answered: 0, empty: 0 };

function isConclusive({ packets, observed, failure }: Ending, quorum: number): boolean {
  if (packets > 0) return true;
  if (failure !== undefined || observed === undefined) return false;
  return Number.isFinite(quorum) && observed.empty >= Math.min(quorum, Math.max(1, observed.asked));
}

/** Events of several sources in the order in which they come. */
class Merge {
  readonly #waiting: SourceEvent[] = [];
  #wake: () => void = () => {};
  #isOver = false;
  /** A mistake, or the reason of the signal: thrown to whoever reads. */
  #error: { readonly error: unknown } | undefined;

  /** Takes in everything that a source says, but for its last event. Never rejects. */
  async pump(
    events: AsyncIterable<SourceEvent>,
    isNews: (packet: SignedPacket) => boolean,
    onNews: () => void = () => {},
  ): Promise<Ending> {
    let packets = 0;
    let observed: Observed | undefined;
    let failure: string | undefined;
    try {
      for await (const event of events) {
        if (event.kind === 'done') {
          observed = event.observed;
          continue;
        }
        if (event.kind === 'packet' && isNews(event.packet)) {
          packets++;
          onNews();
        }
        this.#push(event);
      }
    } catch (error) {
      if (error instanceof SourceError) failure = error.message;
      else this.#throw(error);
    }
    return { packets, observed, failure };
  }

  /** Every source ended. */
  end(endings: readonly Ending[]): void {
    const failures = endings.flatMap(({ failure }) => failure ?? []);
    if (failures.length === endings.length) {
      this.#throw(new SourceError(failures.join('; ')));
      return;
    }
    const observed = endings.map((ending) => ending.observed ?? silent).reduce(addObserved);
    this.#push({ kind: 'done', observed });
    this.#isOver = true;
  }

  /** What `work` rejects with is thrown to whoever reads. */
  watch(work: Promise<void>): void {
    work.catch((error) => this.#throw(error));
  }

  async *events(): AsyncGenerator<SourceEvent> {
    for (;;) {
      if (this.#error !== undefined) throw this.#error.error;
      const event = this.#waiting.shift();
      if (event !== undefined) {
        yield event;
        continue;
      }
      if (this.#isOver) return;
      await new Promise<void>((resolve) => {
        this.#wake = resolve;
      });
    }
  }

  #push(event: SourceEvent): void {
    this.#waiting.push(event);
    this.#wake();
  }

  #throw(error: unknown): void {
    this.#error ??= { error };
    this.#wake();
  }
}
