import { Cancellation } from '../../async/cancellation.ts';
import type { Clock } from '../../async/clock.ts';
import { orAborted } from '../../async/or-aborted.ts';
import { withTimeout } from '../../async/with-timeout.ts';
import type { StraightParty } from '../begun-query.ts';
import { isOutOfReach, UpstreamFailure } from '../errors.ts';
import type { UpstreamReply } from '../reply.ts';
import { noWrongReplies, type WrongReply } from '../reply-match.ts';
import type { StraightQuery } from '../straight/straight-query.ts';
import { type Ask, type StraightUpstream, TRY_MS, type Upstream } from '../upstream.ts';
import type { HostAddresses } from './host-lookup.ts';

export interface NamedUpstreamOptions {
  readonly label: string;
  readonly host: string;
  readonly clock: Clock;
  /** Looks up `host` through other upstreams. @throws UpstreamFailure */
  readonly resolve: (host: string, cancellation: Cancellation) => Promise<HostAddresses>;
  /** The same upstream at this address. */
  readonly open: (address: string) => Upstream;
}

/** The upstream at one of its addresses. */
interface Endpoint {
  readonly upstream: Upstream;
  readonly address: string;
  /** Number of pending tries. */
  waiting: number;
  /** When it last replied on the full way. */
  heardAt: number;
  /** No longer asked, and closed when no try is pending. */
  isRetired: boolean;
}

/**
 * An upstream that is configured by host name. The name is looked up at the first question, and again in the background when
 * its addresses have expired: old ones are used as long as a server with the right certificate answers. After a failure
 * the next address is used.
 */
export class NamedUpstream implements Upstream {
  readonly label: string;
  readonly isLossy = false;
  readonly #options: NamedUpstreamOptions;
  #known: HostAddresses | undefined;
  #knownUntil = Number.NEGATIVE_INFINITY;
  #index = 0;
  #endpoint: Endpoint | undefined;
  /** Endpoints that are no longer asked and have pending tries. */
  readonly #retired = new Set<Endpoint>();
  #lookUp: { readonly outcome: Promise<HostAddresses>; readonly cancellation: Cancellation } | undefined;
  readonly #wrongBefore = noWrongReplies();
  #isClosed = false;

  /** See `Upstream`: that of the current address, as long as it needs no lookup. */
  readonly straight: StraightUpstream;

  constructor(options: NamedUpstreamOptions) {
    this.#options = options;
    this.label = options.label;
    const current = (): StraightUpstream | undefined => this.#straightNow;
    this.straight = {
      get isOpen() {
        return current()?.isOpen === true;
      },
      get answeredAt() {
        return current()?.answeredAt ?? Number.NEGATIVE_INFINITY;
      },
      send: (query, party) => this.#sendStraight(query, party),
    };
  }

  /**
   * Takes at most `TRY_MS` for the lookup, and as much for each address.
   * @throws UpstreamFailure, or the reason of the cancellation.
   */
  async ask(ask: Ask): Promise<UpstreamReply> {
    for (let tries = 1; ; tries++) {
      const known = await this.#addresses(ask.cancellation);
      const endpoint = this.#nextEndpoint(known);
      try {
        return await this.#askAt(endpoint, ask);
      } catch (error) {
        if (!(error instanceof UpstreamFailure) || !endpoint.isRetired) throw error;
        // A silent address has used up the time of this try.
        if (error.kind === 'timed-out' || tries >= known.addresses.length) throw error;
      }
    }
  }

  quirks(): readonly string[] {
    return this.#endpoint?.upstream.quirks() ?? [];
  }

  get wrongReplies(): Readonly<Record<WrongReply, number>> {
    const counts = { ...this.#wrongBefore };
    if (this.#endpoint !== undefined) addTo(counts, this.#endpoint.upstream.wrongReplies);
    return counts;
  }

  reset(): void {
    // A host may have other addresses on another network.
    this.#knownUntil = Number.NEGATIVE_INFINITY;
    this.#endLookUp('was reset because the network changed');
    for (const { upstream } of this.#all()) upstream.reset();
  }

  close(): void {
    this.#isClosed = true;
    this.#endLookUp('was closed');
    for (const { upstream } of this.#all()) upstream.close();
  }

  get #straightNow(): StraightUpstream | undefined {
    const isKnown = !this.#isClosed && this.#options.clock.now() < this.#knownUntil;
    return isKnown ? this.#endpoint?.upstream.straight : undefined;
  }

  #sendStraight(query: StraightQuery, party: StraightParty): void {
    const way = this.#straightNow;
    if (way === undefined) throw new UpstreamFailure('unreachable', 'has no address');
    way.send(query, party);
  }

  async #askAt(endpoint: Endpoint, ask: Ask): Promise<UpstreamReply> {
    const { clock } = this.#options;
    const startedAt = clock.now();
    const heardHere = (): void => {
      endpoint.heardAt = clock.now();
      ask.observer.heard();
    };
    endpoint.waiting += 1;
    try {
      return await endpoint.upstream.ask({ ...ask, observer: { ...ask.observer, heard: heardHere } });
    } catch (error) {
      const isSilent = error instanceof UpstreamFailure && error.kind === 'timed-out';
      const isGone = error instanceof UpstreamFailure && isOutOfReach(error.kind);
      if (isGone || (isSilent && lastHeardAt(endpoint) < startedAt)) this.#retire(endpoint);
      throw error;
    } finally {
      endpoint.waiting -= 1;
      this.#closeIfDone(endpoint);
    }
  }

  /** The upstream at the current address. */
  #nextEndpoint(known: HostAddresses): Endpoint {
    const address = known.addresses[this.#index % known.addresses.length] as string;
    if (this.#endpoint === undefined) {
      const upstream = this.#options.open(address);
      this.#endpoint = { upstream, address, waiting: 0, heardAt: Number.NEGATIVE_INFINITY, isRetired: false };
    }
    return this.#endpoint;
  }

  /** Moves on to the next address. After the last one the host is looked up again. */
  #retire(endpoint: Endpoint): void {
    if (this.#endpoint !== endpoint) return;
    endpoint.isRetired = true;
    this.#retired.add(endpoint);
    addTo(this.#wrongBefore, endpoint.upstream.wrongReplies);
    this.#endpoint = undefined;
    this.#index += 1;
    if (this.#index % (this.#known?.addresses.length ?? 1) === 0) {
      this.#knownUntil = Number.NEGATIVE_INFINITY;
    }
  }

  #closeIfDone(endpoint: Endpoint): void {
    if (!endpoint.isRetired || endpoint.waiting > 0) return;
    this.#retired.delete(endpoint);
    endpoint.upstream.close();
  }

  #all(): readonly Endpoint[] {
    return [...this.#retired, ...(this.#endpoint === undefined ? [] : [this.#endpoint])];
  }

  /** The known addresses; if they have expired, a lookup starts in the background. Waits for it if there are none. */
  async #addresses(cancellation: Cancellation): Promise<HostAddresses> {
    if (this.#isClosed) throw new UpstreamFailure('reset', 'was closed');
    if (this.#options.clock.now() < this.#knownUntil && this.#known !== undefined) return this.#known;
    const outcome = this.#startLookUp();
    if (this.#known !== undefined) return this.#known;
    return await withTimeout(
      orAborted(outcome, cancellation.signal),
      TRY_MS,
      () => {
        throw new UpstreamFailure('unreachable', `cannot be reached: ${this.#options.host} was not found`);
      },
      this.#options.clock,
    );
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
      // Whoever waits for the lookup is told; while there are old addresses nobody does.
      () => {
        if (this.#lookUp === lookUp) this.#lookUp = undefined;
      },
    );
    return outcome;
  }

  #learn(found: HostAddresses, now: number): void {
    this.#known = found;
    this.#knownUntil = now + found.ttl * 1000;
    const index = found.addresses.indexOf(this.#endpoint?.address ?? '');
    if (index >= 0) {
      this.#index = index;
      return;
    }
    // It has moved, and pending tries may still be answered at the old address.
    const old = this.#endpoint;
    if (old !== undefined) {
      this.#retire(old);
      this.#closeIfDone(old);
    }
    this.#knownUntil = now + found.ttl * 1000;
    this.#index = 0;
  }

  #endLookUp(text: string): void {
    this.#lookUp?.cancellation.cancel(new UpstreamFailure('reset', text));
    this.#lookUp = undefined;
  }
}

function lastHeardAt({ heardAt, upstream }: Endpoint): number {
  return Math.max(heardAt, upstream.straight?.answeredAt ?? heardAt);
}

function addTo(counts: Record<WrongReply, number>, more: Readonly<Record<WrongReply, number>>): void {
  for (const kind of Object.keys(counts) as WrongReply[]) counts[kind] += more[kind];
}
