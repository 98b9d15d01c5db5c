import { LRUCache } from 'lru-cache';
import { orAborted } from '../async/or-aborted.ts';
import { withTimeout } from '../async/with-timeout.ts';
import type { PublicKey } from '../pkarr/public-key.ts';
import { compareRecency, type SignedPacket } from '../pkarr/signed-packet.ts';
import { packetTimeToLive } from '../pkarr/time-to-live.ts';
import type { PacketArchive } from '../store/packet-archive.ts';
import type { HeldPacket, PacketCache } from '../store/packet-cache.ts';
import type { Freshness, PacketLibrary, ReadOutcome } from '../store/packet-library.ts';
import { applyEvent, initialState, type LookupState } from './lookup-state.ts';
import { type PacketSource, SourceError } from './packet-source.ts';

/** The last part of a packet's time to live, in which a read has it looked for again. */
const REFRESH_PART = 0.1;

/** Numbers of a finder, in seconds unless they say otherwise. */
export interface FinderSettings {
  /** PKARR.md's bounds of a packet's time to live; pkarr has 300 and 86,400. */
  readonly minimumTtl: number;
  readonly maximumTtl: number;
  /** How long a key without a packet is remembered as such; pkdns has 60. */
  readonly absentTtl: number;
  /** A reader that waits this long while an expired packet is held gets that one (RFC 8767 §5). */
  readonly staleAfter: number;
  /** After this a lookup that still runs is ended. */
  readonly lookupTimeout: number;
  /** Lookups at one time; one more is `unreachable`. */
  readonly maxLookups: number;
  /** Answers "I have nothing" before it is believed; fewer suffice when all that were asked say so. */
  readonly absentQuorum: number;
}

/** What serves a resolver on a laptop and on a router. */
export const defaultFinderSettings: FinderSettings = {
  minimumTtl: 300,
  maximumTtl: 86_400,
  absentTtl: 60,
  // RFC 8767 §5 recommends 1.8 s, below the 2 s after which some stub resolvers ask again.
  staleAfter: 1.8,
  lookupTimeout: 15,
  maxLookups: 256,
  absentQuorum: 3,
};

/** What a finder works with. */
export interface FinderParts {
  readonly sources: readonly PacketSource[];
  readonly cache: PacketCache;
  /** What is known from earlier runs; `noArchive` without a state directory. */
  readonly archive: PacketArchive;
  readonly settings: FinderSettings;
  /** Milliseconds, never going back. */
  readonly now: () => number;
  /** Told of a key whose packet gave way to a newer one: what was made of the older one is out of date. */
  readonly onNewer?: (key: PublicKey) => void;
}

/** Counts since the start. */
export interface FinderStatistics {
  readonly keysHeld: number;
  readonly lookupsStarted: number;
  readonly lookupsRunning: number;
}

/** One lookup in flight: what it knows, and who waits for it. */
interface Flight {
  /** Settles at the first packet that is not older than the one held, or at the end. Never rejects. */
  readonly first: Promise<ReadOutcome>;
  /** Settles at the end of the whole lookup. Never rejects. */
  readonly whole: Promise<ReadOutcome>;
}

/**
 * Finds the newest packet of a key. At most one lookup for a key runs at a time, whoever asks; a key never waits for
 * another. The first good packet answers those who wait, and the rest of the lookup refreshes what is held.
 */
export class Finder implements PacketLibrary {
  readonly #parts: FinderParts;
  readonly #flights = new Map<string, Flight>();
  /** Until when a key counts as absent. */
  readonly #absent = new LRUCache<string, number>({ max: 10_000 });
  readonly #closing = new AbortController();
  #lookupsStarted = 0;

  constructor(parts: FinderParts) {
    this.#parts = parts;
  }

  async read(
    key: PublicKey,
    options: { readonly freshness: Freshness; readonly signal: AbortSignal },
  ): Promise<ReadOutcome> {
    options.signal.throwIfAborted();
    // Without a wait when the archive has nothing: most keys of a first run.
    if (this.#isToRecall(key)) await orAborted(this.#recall(key), options.signal);
    if (options.freshness === 'fresh') {
      const known = this.#known(key);
      if (known !== undefined) {
        this.#refreshAhead(key, known);
        const noting = this.#parts.archive.whenNoted(key);
        if (noting === undefined) return known;
        // What is served is kept first, for whoever came first and for all others.
        await orAborted(noting, options.signal);
        return this.#known(key) ?? known;
      }
    }
    const flight = this.#flights.get(key.text) ?? this.#start(key);
    if (flight === undefined) return { kind: 'unreachable', reason: 'too many lookups at once' };
    if (options.freshness === 'newest') return await this.#wait(flight.whole, options.signal);
    return await this.#wait(flight.first, options.signal, this.#parts.cache.get(key));
  }

  /** See `PacketLibrary`. */
  isAtHand(key: PublicKey): boolean {
    return (
      this.#known(key) !== undefined ||
      this.#flights.has(key.text) ||
      this.#parts.cache.get(key) !== undefined ||
      this.#parts.archive.mayHold(key)
    );
  }

  /** Takes in a packet that came another way, for example because we published it. */
  learn(packet: SignedPacket): void {
    const { cache, archive, now } = this.#parts;
    const floor = archive.floor(packet.key);
    if (floor !== undefined && packet.timestamp < floor) return;
    void archive.note(cache.see(packet, now()));
    this.#absent.delete(packet.key.text);
  }

  /** Makes the next read of `key`, or of every key, ask the network. @returns how many keys that concerns. */
  forget(key?: PublicKey): number {
    if (key === undefined) this.#absent.clear();
    else this.#absent.delete(key.text);
    return this.#parts.cache.expire(key);
  }

  /** What the finder holds and has done. */
  statistics(): FinderStatistics {
    return {
      keysHeld: this.#parts.cache.size,
      lookupsStarted: this.#lookupsStarted,
      lookupsRunning: this.#flights.size,
    };
  }

  /** Ends every lookup; those who wait get what is known. */
  close(): void {
    this.#closing.abort(new SourceError('the program is stopping'));
  }

  /** A packet in use is looked for again in the last tenth of its life, so that nobody has to wait for it. */
  #refreshAhead(key: PublicKey, known: ReadOutcome): void {
    if (known.kind !== 'found' || this.#flights.has(key.text)) return;
    if (known.timeToLive < this.#wholeTime(known.packet) * REFRESH_PART) this.#start(key);
  }

  #isToRecall(key: PublicKey): boolean {
    const { cache, archive } = this.#parts;
    return cache.get(key) === undefined && archive.mayHold(key);
  }

  async #recall(key: PublicKey): Promise<void> {
    const { cache, archive } = this.#parts;
    const recalled = await archive.recall(key);
    // What came meanwhile was seen later.
    if (recalled !== undefined && cache.get(key) === undefined) cache.see(recalled.packet, recalled.lastSeen);
  }

  #known(key: PublicKey): ReadOutcome | undefined {
    const { cache, now } = this.#parts;
    const held = cache.get(key);
    if (held !== undefined) {
      const timeToLive = this.#timeLeft(held.packet, held.lastSeen);
      return timeToLive > 0 ? { kind: 'found', packet: held.packet, stale: false, timeToLive } : undefined;
    }
    const left = ((this.#absent.get(key.text) ?? 0) - now()) / 1000;
    return left > 0 ? { kind: 'absent', seconds: Math.ceil(left) } : undefined;
  }

  #start(key: PublicKey): Flight | undefined {
    if (this.#flights.size >= this.#parts.settings.maxLookups) return undefined;
    this.#lookupsStarted++;
    let foundFirst: (outcome: ReadOutcome | Promise<ReadOutcome>) => void = () => {};
    const first = new Promise<ReadOutcome>((resolve) => {
      foundFirst = resolve;
    });
    const whole = this.#lookup(key, foundFirst).finally(() => this.#flights.delete(key.text));
    // A lookup rejects only by a bug. Its readers get that; when none is left, it still must not end the process.
    whole.catch((error) => foundFirst(Promise.reject(error)));
    first.catch(() => {});
    whole.then(foundFirst, () => {});
    const flight = { first, whole };
    this.#flights.set(key.text, flight);
    return flight;
  }

  async #lookup(key: PublicKey, foundFirst: (outcome: ReadOutcome) => void): Promise<ReadOutcome> {
    const { sources, cache, archive, settings, now } = this.#parts;
    const floor = archive.floor(key);
    const held = cache.get(key)?.packet;
    let state = initialState(held);
    const failures: string[] = [];
    const notes: Promise<void>[] = [];
    const tooLong = new AbortController();
    const reason = new SourceError(`took over ${settings.lookupTimeout} s`);
    const timer = setTimeout(() => tooLong.abort(reason), settings.lookupTimeout * 1000).unref();
    const signal = AbortSignal.any([this.#closing.signal, tooLong.signal]);
    // Asking for what is newer than "just before ours" makes holders of our packet return it, which proves it alive.
    const known = held?.timestamp ?? floor;
    const options = known === undefined ? { signal } : { newerThan: known - 1n, signal };
    await Promise.all(
      sources.map(async (source) => {
        try {
          for await (const event of source.lookup(key, options)) {
            // Older than one that was served before, and that the archive had no room for.
            if (event.kind === 'packet' && floor !== undefined && event.packet.timestamp < floor) continue;
            state = applyEvent(state, event);
            if (event.kind !== 'packet') continue;
            const before = cache.get(key)?.packet;
            const seen = cache.see(event.packet, now());
            if (before !== undefined && compareRecency(seen.packet, before) > 0) this.#parts.onNewer?.(key);
            const noted = archive.note(seen);
            notes.push(noted);
            if (held === undefined || compareRecency(event.packet, held) >= 0) {
              // What is served is kept first: after a kill nothing older may take its place.
              void noted.then(() => {
                // One that a newer one has overtaken while it was kept is not handed out: the newer one is kept next.
                const newest = cache.get(key)?.packet ?? seen.packet;
                if (compareRecency(seen.packet, newest) >= 0)
                  foundFirst(this.#found(seen.packet, seen.lastSeen));
              });
            }
          }
        } catch (error) {
          failures.push(failureToText(source, error));
        }
      }),
    );
    clearTimeout(timer);
    await Promise.all(notes);
    return this.#conclude(key, state, failures);
  }

  #conclude(key: PublicKey, state: LookupState, failures: readonly string[]): ReadOutcome {
    const { cache, settings, now } = this.#parts;
    const held = cache.get(key);
    if (held !== undefined) {
      this.#absent.delete(key.text);
      return this.#found(held.packet, held.lastSeen);
    }
    if (state.unusableSeq !== undefined) return { kind: 'unusable', seq: state.unusableSeq };
    const { asked, answered, empty } = state.observed;
    if (empty >= Math.min(settings.absentQuorum, Math.max(asked, 1)) && failures.length === 0) {
      this.#absent.set(key.text, now() + settings.absentTtl * 1000);
      return { kind: 'absent', seconds: settings.absentTtl };
    }
    const observed = asked === 0 ? 'no nodes are known' : `${answered} of ${asked} nodes answered`;
    return { kind: 'unreachable', reason: [...failures, observed].join('; ') };
  }

  /** Waits for `work`; with an expired packet at hand only for so long. */
  async #wait(work: Promise<ReadOutcome>, signal: AbortSignal, expired?: HeldPacket): Promise<ReadOutcome> {
    if (expired === undefined) return await orAborted(work, signal);
    const { packet, lastSeen } = expired;
    const staleAfterMs = this.#parts.settings.staleAfter * 1000;
    return await withTimeout(orAborted(work, signal), staleAfterMs, () => this.#found(packet, lastSeen));
  }

  #found(packet: SignedPacket, lastSeen: number): ReadOutcome {
    const timeToLive = this.#timeLeft(packet, lastSeen);
    return { kind: 'found', packet, stale: timeToLive === 0, timeToLive };
  }

  /** Whole seconds left of a packet's time to live. */
  #timeLeft(packet: SignedPacket, lastSeen: number): number {
    return Math.max(0, Math.floor(this.#wholeTime(packet) - (this.#parts.now() - lastSeen) / 1000));
  }

  /** Seconds of a packet's whole time to live. */
  #wholeTime(packet: SignedPacket): number {
    const { minimumTtl, maximumTtl } = this.#parts.settings;
    return packetTimeToLive(packet, { minimum: minimumTtl, maximum: maximumTtl });
  }
}

/** A source's own error is an observation. Anything else is a bug, and is not hidden. */
function failureToText(source: PacketSource, error: unknown): string {
  if (error instanceof SourceError) return `${source.label}: ${error.message}`;
  throw error;
}
