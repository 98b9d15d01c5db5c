import type { Ipv4 } from '../addresses.ts';

/** BEP 5: "Nodes become bad when they fail to respond to multiple queries in a row." */
const BAD_SILENCES = 2;
/** Milliseconds after the last silence for which a bad node is passed over; then the next lookup tries it again. */
const PASSED_OVER_MS = 5 * 60 * 1000;
/** Maximum number of nodes that are remembered. In the public network a third of those that others name are gone. */
const MAX_REMEMBERED = 4096;

interface Silence {
  count: number;
  /** When the last one was noticed. */
  noticedAt: number;
}

/**
 * Nodes that did not answer lately. Others go on naming them, and a lookup would wait for them again each time. Queries to one node
 * that are open at the same time count as one: a moment without a network, on either side, makes no node bad.
 */
export class SilentNodes {
  readonly #timeoutMs: number;
  readonly #now: () => number;
  /** By address, the one that was silent longest ago first. */
  readonly #silences = new Map<number, Silence>();

  /**
   * @param timeoutMs milliseconds after which a query counts as not answered.
   * @param now milliseconds of a monotonic clock.
   */
  constructor(timeoutMs: number, now: () => number) {
    this.#timeoutMs = timeoutMs;
    this.#now = now;
  }

  /** A node did not answer in time, while others did. */
  noteSilence(address: Ipv4, port: number): void {
    const now = this.#now();
    const place = placeOf(address, port);
    const known = this.#silences.get(place);
    // Sent before the last silence was noticed.
    if (known !== undefined && now - this.#timeoutMs < known.noticedAt) return;
    this.#silences.delete(place);
    this.#silences.set(place, { count: (known?.count ?? 0) + 1, noticedAt: now });
    for (const oldest of this.#silences.keys()) {
      if (this.#silences.size <= MAX_REMEMBERED) break;
      this.#silences.delete(oldest);
    }
  }

  /** A node answered. */
  noteAnswer(address: Ipv4, port: number): void {
    this.#silences.delete(placeOf(address, port));
  }

  /** Whether a node is bad, so that others are asked first. */
  isBad(address: Ipv4, port: number): boolean {
    const known = this.#silences.get(placeOf(address, port));
    if (known === undefined || known.count < BAD_SILENCES) return false;
    return this.#now() - known.noticedAt < PASSED_OVER_MS;
  }

  /** Forgets all: in another network, other nodes can be reached. */
  clear(): void {
    this.#silences.clear();
  }
}

/** An address and a port as one number. */
function placeOf(address: Ipv4, port: number): number {
  return address * 65_536 + port;
}
