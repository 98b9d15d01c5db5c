import { LazyLru } from '../async/lazy-lru.ts';
import { orAborted } from '../async/or-aborted.ts';
import { withTimeout } from '../async/with-timeout.ts';
import type { PublicKey } from '../pkarr/public-key.ts';
import { compareRecency, type SignedPacket } from '../pkarr/signed-packet.ts';
import { packetTimeToLive } from '../pkarr/time-to-live.ts';
import type { PacketArchive } from '../store/packet-archive.ts';
import type { HeldPacket, PacketCache } from '../store/packet-cache.ts';
import type {
  Freshness,
  KnownPlace,
  PacketLibrary,
  ReadOutcome,
  ReadTracing,
} from '../store/packet-library.ts';
import type { FinderSettings } from './finder-settings.ts';
import { Flight } from './flight.ts';
import { applyEvent, initialState, isRefused, type LookupState, provesAbsence } from './lookup-state.ts';
import { type LookupObserver, LookupSteps, type SourceObserver } from './lookup-step.ts';
import { tallyOf } from './lookup-tally.ts';
import { type PacketSource, SourceError } from './packet-source.ts';

/** The last fraction of a packet's time to live, in which a read starts a lookup in the background. */
const REFRESH_PART = 0.1;
/** Maximum number of keys whose absence or last failed refresh is cached. */
const MAX_REMEMBERED = 10_000;

/** The parts of a finder. */
export interface FinderParts {
  readonly sources: readonly PacketSource[];
  readonly cache: PacketCache;
  /** Packets of earlier runs; `noArchive` without a state directory. */
  readonly archive: PacketArchive;
  readonly settings: FinderSettings;
  /** Milliseconds of a monotonic clock. */
  readonly now: () => number;
  /** Called with a key whose packet was replaced by a newer one, so that answers from the older one are out of date. */
  readonly onNewer?: (key: PublicKey) => void;
  /** Called with an internal error of a lookup for which no caller waits. */
  readonly onInternalError?: (error: unknown) => void;
}

/** A packet that is held, without a lookup. */
export interface HeldNow extends HeldPacket {
  /** Whole seconds left of its time to live; 0 when that is over. */
  readonly timeToLive: number;
}

/** Counts since the start. */
export interface FinderStatistics {
  readonly keysHeld: number;
  readonly lookupsStarted: number;
  readonly lookupsRunning: number;
}

/**
 * Finds the newest packet of a key. At most one lookup per key runs at a time, shared by all callers; keys do not wait for each
 * other. The first valid packet answers the callers, and the rest of the lookup refreshes the cache.
 */
export class Finder implements PacketLibrary {
  #parts: FinderParts;
  readonly #flights = new Map<string, Flight>();
  /** When the absence of a key expires. */
  readonly #absent = new LazyLru<string, number>(MAX_REMEMBERED);
  /** When a lookup for an expired packet that no source confirmed is due again. */
  readonly #recheckAt = new LazyLru<string, number>(MAX_REMEMBERED);
  /** Of the lookups that run, and why none shall. */
  readonly #endings = new Set<AbortController>();
  #closed: SourceError | undefined;
  #lookupsStarted = 0;

  constructor(parts: FinderParts) {
    this.#parts = parts;
  }

  /**
   * Works with other sources or numbers from now on. Lookups in the old sources, which may be closed now, that find nothing
   * there go on in the new ones.
   */
  replaceParts(parts: Partial<Pick<FinderParts, 'sources' | 'settings'>>): void {
    this.#parts = { ...this.#parts, ...parts };
  }

  /** See `PacketLibrary`. */
  async read(
    key: PublicKey,
    options: {
      readonly freshness: Freshness;
      readonly signal: AbortSignal;
      readonly trace?: ReadTracing | undefined;
    },
  ): Promise<ReadOutcome> {
    const { trace } = options;
    if (trace === undefined) return await this.#read(key, options);
    const place = this.whereIs(key);
    const joined = this.#flights.get(key.text)?.steps;
    const own = trace.wantsNodes ? new LookupSteps() : undefined;
    const outcome = await this.#read(key, options, own);
    return { ...outcome, way: { place, ...tallyOf(outcome, joined ?? own) } };
  }

  /** `steps`: those of a lookup that is started. */
  async #read(
    key: PublicKey,
    { freshness, signal }: { readonly freshness: Freshness; readonly signal: AbortSignal },
    steps?: LookupSteps,
  ): Promise<ReadOutcome> {
    signal.throwIfAborted();
    // Synchronous if the archive has nothing, as for most keys in a first run.
    const isToRecall = this.#isToRecall(key);
    if (isToRecall) await orAborted(this.#recall(key), signal);
    if (freshness === 'fresh') {
      const held = this.#known(key) ?? this.#knownStale(key);
      const known = held && isToRecall ? { ...held, from: 'store' as const } : held;
      if (known !== undefined) {
        this.#refreshAhead(key, known);
        const noting = this.#parts.archive.whenNoted(key);
        if (noting === undefined) return known;
        // A packet is stored before it is served, to the first caller and to all others.
        await orAborted(noting, signal);
        return this.#known(key) ?? known;
      }
    }
    const flight = this.#flights.get(key.text) ?? this.#start(key, steps);
    if (flight === undefined) return tooMany;
    if (freshness === 'newest') return await flight.newest(signal);
    return await this.#firstOf(flight, this.#parts.cache.get(key), signal);
  }

  /**
   * Looks `key` up in the network now, whatever is known of it, and tells `observe` whom it asks. Of a lookup that is in flight
   * already, for somebody who does not watch, there are no steps.
   * @returns the outcome of the whole lookup.
   */
  async watch(
    key: PublicKey,
    { observe, signal }: { readonly observe: LookupObserver; readonly signal: AbortSignal },
  ): Promise<ReadOutcome> {
    signal.throwIfAborted();
    if (this.#isToRecall(key)) await orAborted(this.#recall(key), signal);
    const flight = this.#flights.get(key.text) ?? this.#start(key, new LookupSteps());
    if (flight === undefined) return tooMany;
    const leave = flight.steps?.follow(observe);
    try {
      return await flight.newest(signal);
    } finally {
      leave?.();
    }
  }

  /** What is known of `key` without asking anybody. */
  whereIs(key: PublicKey): KnownPlace {
    const known = this.#known(key);
    if (known !== undefined) return known.kind === 'absent' ? 'known-absent' : 'memory';
    if (this.#parts.cache.get(key) !== undefined) return 'memory-expired';
    return this.#parts.archive.mayHold(key) ? 'store' : 'nowhere';
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

  /** What is held of `key`, fresh or not, in memory or in the archive. It starts no lookup. */
  async held(key: PublicKey): Promise<HeldNow | undefined> {
    if (this.#isToRecall(key)) await this.#recall(key);
    const held = this.#parts.cache.get(key);
    return held && { ...held, timeToLive: this.#found(held.packet, held.lastSeen).timeToLive };
  }

  /**
   * Adds a packet from elsewhere, for example one that we published. Resolves when it is stored.
   * @param isInNetwork the caller has just put the packet into the network, or seen it there. Without that only a newer packet
   * is accepted, because others could keep an old packet fresh by sending it again and again.
   * @returns whether it is newer than what was known.
   */
  async learn(packet: SignedPacket, isInNetwork = true): Promise<boolean> {
    const { cache, archive, now } = this.#parts;
    if (this.#isToRecall(packet.key)) await this.#recall(packet.key);
    if (isRefused({ floor: archive.floor(packet.key) }, packet)) return false;
    const before = cache.get(packet.key)?.packet;
    const isNewer = before === undefined || compareRecency(packet, before) > 0;
    if (!isNewer && !isInNetwork) return false;
    this.#absent.delete(packet.key.text);
    await archive.note(cache.see(packet, now()));
    return isNewer;
  }

  /** Makes the next read of `key`, or of every key, ask the network. @returns the number of keys affected */
  forget(key?: PublicKey): number {
    for (const remembered of [this.#absent, this.#recheckAt]) {
      if (key === undefined) remembered.clear();
      else remembered.delete(key.text);
    }
    return this.#parts.cache.expire(key);
  }

  /** Lets the next read of an expired packet look it up again, because sources may be reachable now. */
  networkChanged(): void {
    this.#recheckAt.clear();
  }

  /** The current counts. */
  statistics(): FinderStatistics {
    return {
      keysHeld: this.#parts.cache.size,
      lookupsStarted: this.#lookupsStarted,
      lookupsRunning: this.#flights.size,
    };
  }

  /** Ends all lookups; callers get what is known. */
  close(): void {
    this.#closed = new SourceError('the program is stopping');
    for (const ending of this.#endings) ending.abort(this.#closed);
  }

  /** A packet in use is looked up again in the last tenth of its time to live, so that no caller has to wait. */
  #refreshAhead(key: PublicKey, known: ReadOutcome): void {
    if (known.kind !== 'found' || known.stale || this.#flights.has(key.text)) return;
    if (known.timeToLive < this.#wholeTime(known.packet) * REFRESH_PART && !this.#isRecheckEarly(key))
      this.#start(key);
  }

  #isRecheckEarly(key: PublicKey): boolean {
    return (this.#recheckAt.get(key.text) ?? 0) > this.#parts.now();
  }

  #isToRecall(key: PublicKey): boolean {
    const { cache, archive } = this.#parts;
    return cache.get(key) === undefined && archive.mayHold(key);
  }

  async #recall(key: PublicKey): Promise<void> {
    const { cache, archive } = this.#parts;
    const recalled = await archive.recall(key);
    // A packet that arrived meanwhile was seen later.
    if (recalled !== undefined && cache.get(key) === undefined) cache.see(recalled.packet, recalled.lastSeen);
  }

  #known(key: PublicKey): ReadOutcome | undefined {
    const { cache, now } = this.#parts;
    const held = cache.get(key);
    if (held !== undefined) {
      const outcome = this.#found(held.packet, held.lastSeen);
      return outcome.stale ? undefined : outcome;
    }
    const left = ((this.#absent.get(key.text) ?? 0) - now()) / 1000;
    return left > 0 ? { kind: 'absent', seconds: Math.ceil(left) } : undefined;
  }

  #knownStale(key: PublicKey): ReadOutcome | undefined {
    const held = this.#parts.cache.get(key);
    const isEarly = held !== undefined && this.#isRecheckEarly(key);
    return isEarly ? this.#found(held.packet, held.lastSeen) : undefined;
  }

  #start(key: PublicKey, steps?: LookupSteps): Flight | undefined {
    if (this.#flights.size >= this.#parts.settings.maxLookups) return undefined;
    this.#lookupsStarted++;
    const flight = new Flight(
      (foundFirst) => this.#lookup(key, foundFirst, steps?.tell),
      (error) => this.#parts.onInternalError?.(error),
      steps,
    );
    this.#flights.set(key.text, flight);
    flight.onEnd(() => this.#flights.delete(key.text));
    return flight;
  }

  async #lookup(
    key: PublicKey,
    foundFirst: (outcome: ReadOutcome) => void,
    observe: SourceObserver | undefined,
  ): Promise<ReadOutcome> {
    for (;;) {
      const { sources } = this.#parts;
      const outcome = await this.#lookupIn(sources, key, foundFirst, observe);
      const isOver = outcome.kind === 'found' || sources === this.#parts.sources;
      if (isOver || this.#closed !== undefined) return outcome;
    }
  }

  async #lookupIn(
    sources: readonly PacketSource[],
    key: PublicKey,
    foundFirst: (outcome: ReadOutcome) => void,
    observe: SourceObserver | undefined,
  ): Promise<ReadOutcome> {
    const { cache, archive, settings } = this.#parts;
    const held = cache.get(key)?.packet;
    let state = initialState(held, archive.floor(key));
    const failures: string[] = [];
    const noting: Promise<void>[] = [];
    // Not AbortSignal.any, which costs more than all else here.
    const ending = new AbortController();
    const { signal } = ending;
    // Made when it is needed: an error takes the stack along.
    const giveUp = () => ending.abort(new SourceError(`took over ${settings.lookupTimeout} s`));
    const timer = setTimeout(giveUp, settings.lookupTimeout * 1000).unref();
    if (this.#closed !== undefined) ending.abort(this.#closed);
    this.#endings.add(ending);
    // With the timestamp just before ours, nodes that have our packet return it, which proves that it is still stored.
    const known = held?.timestamp ?? state.floor;
    const options = { signal, observe, isBrief: true, ...(known !== undefined && { newerThan: known - 1n }) };
    const ask = async (source: PacketSource) => {
      try {
        for await (const event of source.lookup(key, options)) {
          state = applyEvent(state, event);
          if (event.kind !== 'packet' || isRefused(state, event.packet)) continue;
          const from = event.isFromRelay === true ? 'relay' : 'dht';
          const taken = this.#takeIn(event.packet, held, (first) => foundFirst({ ...first, from }));
          taken.catch(() => {}); // thrown below
          noting.push(taken);
        }
      } catch (error) {
        // A SourceError is an observation. Any other error is a bug, and is not hidden.
        if (!(error instanceof SourceError)) throw error;
        failures.push(error.message);
      }
    };
    try {
      await Promise.all(sources.map(ask));
    } finally {
      clearTimeout(timer);
      this.#endings.delete(ending);
    }
    await Promise.all(noting);
    const from = sources.some(({ label }) => label.startsWith('dht')) ? 'dht' : 'relay';
    return { ...this.#conclude(key, state, failures), from };
  }

  /** Caches and stores a packet; if it is not older than `held`, it answers the callers. */
  async #takeIn(
    packet: SignedPacket,
    held: SignedPacket | undefined,
    foundFirst: (outcome: ReadOutcome) => void,
  ): Promise<void> {
    const { cache, archive, now, onNewer } = this.#parts;
    const before = cache.get(packet.key)?.packet;
    const seen = cache.see(packet, now());
    if (before !== undefined && compareRecency(seen.packet, before) > 0) onNewer?.(packet.key);
    // A packet is stored before it is served: after a kill no older one may take its place.
    await archive.note(seen);
    if (held !== undefined && compareRecency(packet, held) < 0) return;
    // If a newer packet arrived while this one was stored, the newer one is served next.
    const newest = cache.get(packet.key)?.packet ?? seen.packet;
    if (compareRecency(seen.packet, newest) >= 0) foundFirst(this.#found(seen.packet, seen.lastSeen));
  }

  #conclude(key: PublicKey, state: LookupState, failures: readonly string[]): ReadOutcome {
    const { cache, settings, now } = this.#parts;
    const held = cache.get(key);
    if (held !== undefined) {
      this.#absent.delete(key.text);
      if (state.heldBy > 0) this.#recheckAt.delete(key.text);
      else this.#recheckAt.set(key.text, now() + settings.recheckAfter * 1000);
      return this.#found(held.packet, held.lastSeen);
    }
    if (state.unusableSeq !== undefined) return { kind: 'unusable', seq: state.unusableSeq };
    if (failures.length === 0 && provesAbsence(state, settings.absentQuorum)) {
      this.#absent.set(key.text, now() + settings.absentTtl * 1000);
      return { kind: 'absent', seconds: settings.absentTtl };
    }
    const reasons = [...failures, ...shortfallOf(state)];
    return { kind: 'unreachable', reason: reasons.join('; ') || 'no DHT node and no relay was asked' };
  }

  /** The first outcome of a lookup; or, if there is an expired packet, that one after a while (RFC 8767 §5). */
  async #firstOf(flight: Flight, expired: HeldPacket | undefined, signal: AbortSignal): Promise<ReadOutcome> {
    const first = flight.first(signal);
    if (expired === undefined) return await first;
    const { packet, lastSeen } = expired;
    return await withTimeout(first, this.#parts.settings.staleAfter * 1000, () =>
      this.#found(packet, lastSeen),
    );
  }

  #found(packet: SignedPacket, lastSeen: number): Extract<ReadOutcome, { kind: 'found' }> {
    // Remaining whole seconds.
    const left = Math.floor(this.#wholeTime(packet) - (this.#parts.now() - lastSeen) / 1000);
    const timeToLive = Math.max(0, left);
    return { kind: 'found', packet, stale: timeToLive === 0, timeToLive };
  }

  /** The time to live of a packet in seconds. */
  #wholeTime(packet: SignedPacket): number {
    const { minimumTtl, maximumTtl } = this.#parts.settings;
    return packetTimeToLive(packet, { minimum: minimumTtl, maximum: maximumTtl });
  }
}

const tooMany: ReadOutcome = { kind: 'unreachable', reason: 'too many lookups at once' };

/** Why the observations do not prove absence. */
function shortfallOf({ observed, behind }: LookupState): readonly string[] {
  const { asked, answered, notNewer } = observed;
  if (notNewer + behind > 0) return ['only packets older than one that was seen before were found'];
  return asked === 0 ? [] : [`${answered} of ${asked} nodes and relays answered`];
}
