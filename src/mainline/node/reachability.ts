import type { Ipv4 } from '../addresses.ts';

/** Milliseconds over which strangers have to arrive before the node counts as reachable from outside. */
const TRIAL_MS = 15 * 60_000;
/** Milliseconds without a stranger after which it no longer counts as reachable. */
const LAPSE_MS = 15 * 60_000;
/**
 * Milliseconds for which a host that was asked is no stranger, at least. A stateful firewall lets it in for 3 minutes at most
 * (`nf_conntrack_udp_timeout_stream` is 120 s on Linux, and other systems have less).
 */
const MEMORY_MS = 10 * 60_000;
/** Hosts remembered in that time. If there are more, everybody counts as asked. */
const MAX_HOSTS = 65_536;

/**
 * Whether others reach this node without being asked first: queries of strangers arrive, hosts that were not asked lately, so
 * that no firewall or NAT lets them in as an answer. Times are milliseconds of one clock that does not go back.
 */
export class Reachability {
  /** Hosts that were asked since `#turnedAt`, and those that were asked in the period before. */
  #asked = new Set<Ipv4>();
  #askedBefore = new Set<Ipv4>();
  #turnedAt = Number.NEGATIVE_INFINITY;
  #firstAt: number | undefined;
  #lastAt = Number.NEGATIVE_INFINITY;

  /** A query is sent to `host`. */
  asked(host: Ipv4, now: number): void {
    this.#turn(now);
    if (this.#asked.size < MAX_HOSTS) this.#asked.add(host);
  }

  /** A query of `host` arrived, which reached us at `own`. */
  received(host: Ipv4, own: Ipv4, now: number): void {
    this.#turn(now);
    // Whoever is in the same /16 may be on our side of a firewall.
    if (host >>> 16 === own >>> 16 || this.#wasAsked(host)) return;
    if (this.stateAt(now) === 'unreached') this.#firstAt = now;
    this.#lastAt = now;
  }

  /** `reached` if strangers arrived over a quarter of an hour and still do, `trial` if they have only begun to. */
  stateAt(now: number): 'unreached' | 'trial' | 'reached' {
    if (this.#firstAt === undefined || now - this.#lastAt > LAPSE_MS) return 'unreached';
    return this.#lastAt - this.#firstAt >= TRIAL_MS ? 'reached' : 'trial';
  }

  /** Begins anew: this machine is in another network. Who was asked is still known. */
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
