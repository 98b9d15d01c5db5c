import type { Ipv4 } from '../addresses.ts';

/** Milliseconds for which unsolicited queries must arrive before the node counts as reachable. */
const TRIAL_MS = 15 * 60_000;
/** Milliseconds without an unsolicited query after which the node no longer counts as reachable. */
const LAPSE_MS = 15 * 60_000;
/**
 * Minimum of milliseconds for which queries of a host that we queried do not count as unsolicited: a stateful firewall lets
 * them in as answers. Linux does so for 120 s (`nf_conntrack_udp_timeout_stream`), other systems for a few minutes at most.
 */
const MEMORY_MS = 10 * 60_000;
/** Maximum number of hosts remembered in that time. If there are more, no query counts as unsolicited. */
const MAX_HOSTS = 65_536;

/**
 * Whether other nodes can reach this one. The evidence is unsolicited queries, from hosts that we did not query recently, so
 * that a firewall cannot have taken them for answers. Times are milliseconds of one monotonic clock.
 */
export class Reachability {
  /** Hosts that we queried since `#turnedAt`, and in the period before. */
  #asked = new Set<Ipv4>();
  #askedBefore = new Set<Ipv4>();
  #turnedAt = Number.NEGATIVE_INFINITY;
  #firstAt: number | undefined;
  #lastAt = Number.NEGATIVE_INFINITY;

  /** We send a query to `host`. */
  asked(host: Ipv4, now: number): void {
    this.#turn(now);
    if (this.#asked.size < MAX_HOSTS) this.#asked.add(host);
  }

  /** A query of `host` arrived at our address `own`. */
  received(host: Ipv4, own: Ipv4, now: number): void {
    this.#turn(now);
    // A host in the same /16 may be on our side of a firewall.
    if (host >>> 16 === own >>> 16 || this.#wasAsked(host)) return;
    if (this.stateAt(now) === 'unreached') this.#firstAt = now;
    this.#lastAt = now;
  }

  /** `reached` if unsolicited queries have arrived for 15 minutes and still do; `trial` if they do, but not for as long. */
  stateAt(now: number): 'unreached' | 'trial' | 'reached' {
    if (this.#firstAt === undefined || now - this.#lastAt > LAPSE_MS) return 'unreached';
    return this.#lastAt - this.#firstAt >= TRIAL_MS ? 'reached' : 'trial';
  }

  /** Forgets the queries that arrived, but not the hosts that we queried. */
  forget(): void {
    this.#firstAt = undefined;
  }

  #wasAsked(host: Ipv4): boolean {
    const isFull = this.#asked.size >= MAX_HOSTS || this.#askedBefore.size >= MAX_HOSTS;
    return isFull || this.#asked.has(host) || this.#askedBefore.has(host);
  }

  #turn(now: number): void {
    const age = now - this.#turnedAt;
    if (age < MEMORY_MS) return;
    this.#askedBefore = age < 2 * MEMORY_MS ? this.#asked : new Set();
    this.#asked = new Set();
    this.#turnedAt = now;
  }
}
