import { Cancellation } from '../async/cancellation.ts';
import type { Clock } from '../async/clock.ts';
import { isOutOfReach, UpstreamFailure } from './errors.ts';
import type { HostAddresses } from './host-lookup.ts';
import type { UpstreamReply } from './reply.ts';
import { noWrongReplies, type WrongReply } from './reply-match.ts';
import { once } from './stream/upstream.ts';
import { type Ask, TRY_MS, type Upstream } from './upstream.ts';

export interface NamedUpstreamOptions {
  readonly label: string;
  readonly host: string;
  readonly clock: Clock;
  /** Finds the addresses of `host`, not through this upstream. @throws UpstreamFailure */
  readonly resolve: (host: string, cancellation: Cancellation) => Promise<HostAddresses>;
  /** The same upstream at this address. */
  readonly open: (address: string) => Upstream;
}

/** The upstream at one address. */
interface Placed {
  readonly upstream: Upstream;
  readonly address: string;
  /** Tries that wait. */
  waiting: number;
  /** When it was last heard. */
  heardAt: number;
  /** No longer the one to be asked: closed when nothing waits. */
  isLeft: boolean;
}

/**
 * An upstream that is known by name. It is looked up when it is first asked, and again in the background when that
 * has grown old: old addresses serve as long as somebody with the right certificate answers there. An address that
 * fails is left for the next one.
 */
export class NamedUpstream implements Upstream {
  readonly label: string;
  readonly isLossy = false;
  readonly #options: NamedUpstreamOptions;
  #known: HostAddresses | undefined;
  #knownUntil = Number.NEGATIVE_INFINITY;
  #index = 0;
  #placed: Placed | undefined;
  /** Those that were left and have tries that wait. */
  readonly #left = new Set<Placed>();
  #lookUp: { readonly outcome: Promise<HostAddresses>; readonly cancellation: Cancellation } | undefined;
  readonly #wrongBefore = noWrongReplies();
  #isClosed = false;

  constructor(options: NamedUpstreamOptions) {
    this.#options = options;
    this.label = options.label;
  }

  /**
   * Bounded by `TRY_MS` for the look-up and as much for each of its addresses.
   * @throws UpstreamFailure, or the reason of the cancellation.
   */
  async ask(ask: Ask): Promise<UpstreamReply> {
    const heard = once(ask.observer.heard);
    for (let tries = 1; ; tries++) {
      const known = await this.#addresses(ask.cancellation);
      const placed = this.#place(known);
      try {
        return await this.#askAt(placed, ask, heard);
      } catch (error) {
        if (!(error instanceof UpstreamFailure) || !placed.isLeft) throw error;
        // A silent address has taken all the time that one try has.
        if (error.kind === 'timed-out' || tries >= known.addresses.length) throw error;
      }
    }
  }

  quirks(): readonly string[] {
    return this.#placed?.upstream.quirks() ?? [];
  }

  get wrongReplies(): Readonly<Record<WrongReply, number>> {
    const counts = { ...this.#wrongBefore };
    if (this.#placed !== undefined) addTo(counts, this.#placed.upstream.wrongReplies);
    return counts;
  }

  reset(): void {
    // A host may be elsewhere for those who ask from another network.
    this.#knownUntil = Number.NEGATIVE_INFINITY;
    this.#endLookUp('was left because the network changed');
    for (const { upstream } of this.#all()) upstream.reset();
  }

  close(): void {
    this.#isClosed = true;
    this.#endLookUp('was closed');
    for (const { upstream } of this.#all()) upstream.close();
  }

  async #askAt(placed: Placed, ask: Ask, heard: () => void): Promise<UpstreamReply> {
    const { clock } = this.#options;
    const startedAt = clock.now();
    const heardHere = (): void => {
      placed.heardAt = clock.now();
      heard();
    };
    placed.waiting += 1;
    try {
      return await placed.upstream.ask({ ...ask, observer: { ...ask.observer, heard: heardHere } });
    } catch (error) {
      const isSilent = error instanceof UpstreamFailure && error.kind === 'timed-out';
      const isGone = error instanceof UpstreamFailure && isOutOfReach(error.kind);
      if (isGone || (isSilent && placed.heardAt < startedAt)) this.#leave(placed);
      throw error;
    } finally {
      placed.waiting -= 1;
      this.#closeIfDone(placed);
    }
  }

  /** The upstream at the address whose turn it is. */
  #place(known: HostAddresses): Placed {
    const address = known.addresses[this.#index % known.addresses.length] as string;
    if (this.#placed === undefined) {
      const upstream = this.#options.open(address);
      this.#placed = { upstream, address, waiting: 0, heardAt: Number.NEGATIVE_INFINITY, isLeft: false };
    }
    return this.#placed;
  }

  /** It is of no use there: the next address shall serve, and when all had their turn the host is looked up again. */
  #leave(placed: Placed): void {
    if (this.#placed !== placed) return;
    placed.isLeft = true;
    this.#left.add(placed);
    addTo(this.#wrongBefore, placed.upstream.wrongReplies);
    this.#placed = undefined;
    this.#index += 1;
    if (this.#index % (this.#known?.addresses.length ?? 1) === 0) {
      this.#knownUntil = Number.NEGATIVE_INFINITY;
    }
  }

  #closeIfDone(placed: Placed): void {
    if (!placed.isLeft || placed.waiting > 0) return;
    this.#left.delete(placed);
    placed.upstream.close();
  }

  #all(): readonly Placed[] {
    return [...this.#left, ...(this.#placed === undefined ? [] : [this.#placed])];
  }

  /** What is known, if anything, while it is looked up again if it is old. */
  async #addresses(cancellation: Cancellation): Promise<HostAddresses> {
    if (this.#isClosed) throw new UpstreamFailure('reset', 'was closed');
    if (this.#options.clock.now() < this.#knownUntil && this.#known !== undefined) return this.#known;
    const outcome = this.#startLookUp();
    return this.#known ?? (await this.#inTime(outcome, cancellation));
  }

  #startLookUp(): Promise<HostAddresses> {
    if (this.#lookUp !== undefined) return this.#lookUp.outcome;
    const { resolve, host, clock } = this.#options;
    const cancellation = new Cancellation();
    const outcome = resolve(host, cancellation);
    const lookUp = { outcome, cancellation };
    this.#lookUp = lookUp;
    outcome.then(
      (found) => {
        if (this.#lookUp !== lookUp) return;
        this.#lookUp = undefined;
        this.#learn(found, clock.now());
      },
      // Whoever waits for it hears of it; while there are old addresses nobody does.
      () => {
        if (this.#lookUp === lookUp) this.#lookUp = undefined;
      },
    );
    return outcome;
  }

  #learn(found: HostAddresses, now: number): void {
    this.#known = found;
    this.#knownUntil = now + found.ttl * 1000;
    const index = found.addresses.indexOf(this.#placed?.address ?? '');
    if (index >= 0) {
      this.#index = index;
      return;
    }
    // It has moved, and what waits at its old place may still be answered there.
    const old = this.#placed;
    if (old !== undefined) {
      this.#leave(old);
      this.#closeIfDone(old);
    }
    this.#knownUntil = now + found.ttl * 1000;
    this.#index = 0;
  }

  /** `outcome`, for no longer than a try and the asker's patience last. */
  #inTime(outcome: Promise<HostAddresses>, cancellation: Cancellation): Promise<HostAddresses> {
    return new Promise((resolve, reject) => {
      if (cancellation.isCancelled) {
        reject(cancellation.reason);
        return;
      }
      const end = (): void => {
        stopTimer();
        cancellation.unlisten(leave);
      };
      const leave = (reason: unknown): void => {
        end();
        reject(reason);
      };
      const stopTimer = this.#options.clock.after(TRY_MS, () => {
        leave(new UpstreamFailure('unreachable', `cannot be reached: ${this.#options.host} was not found`));
      });
      cancellation.listen(leave);
      outcome.then((found) => {
        end();
        resolve(found);
      }, leave);
    });
  }

  #endLookUp(text: string): void {
    this.#lookUp?.cancellation.cancel(new UpstreamFailure('reset', text));
    this.#lookUp = undefined;
  }
}

function addTo(counts: Record<WrongReply, number>, more: Readonly<Record<WrongReply, number>>): void {
  for (const kind of Object.keys(counts) as WrongReply[]) counts[kind] += more[kind];
}
