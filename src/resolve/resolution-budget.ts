import type { Name } from '../dns/name.ts';
import type { PublicKey } from '../pkarr/public-key.ts';

/**
 * What one resolution may spend on names of keys, everything that they lead to included. Whoever publishes packets writes
 * the aliases and delegations in them, and makes us ask for all that they name: without a limit one query is many lookups,
 * as in "NXNSAttack: Recursive DNS Inefficiencies and Vulnerabilities" (USENIX Security 2020).
 *
 * - `query`: queries to authoritative servers.
 * - `cut`: delegated zones entered.
 * - `lookup`: names of name servers looked up.
 */
const limits = { query: 16, cut: 8, lookup: 6 };

/**
 * Keys whose packets one resolution may read: each can cost a lookup in the DHT, about a hundred datagrams. A chain of 16
 * aliases over as many keys fits.
 */
export const MAX_KEYS = 20;

/** What is left of those limits. One for each resolution, shared by all its branches; it is counted down. */
export class ResolutionBudget {
  readonly #left = { ...limits };
  readonly #keys = new Set<string>();

  /** Takes one; false when there is none left. */
  take(what: keyof typeof limits): boolean {
    if (this.#left[what] === 0) return false;
    this.#left[what] -= 1;
    return true;
  }

  /** Takes the packet of `key`, which counts once however often it is read; false when there is none left. */
  takePacket({ text }: PublicKey): boolean {
    if (this.#keys.has(text)) return true;
    if (this.#keys.size === MAX_KEYS) return false;
    this.#keys.add(text);
    return true;
  }
}

/** How a resolution came to where it is, as far as delegations are concerned. */
export interface DelegationTrail {
  /** When it must be over, in milliseconds of the clock of `Delegation`. */
  readonly endsAt: number;
  /** The zones whose servers are being looked up on the way here: to need one of them again is a loop. */
  readonly cuts: readonly Name[];
}
