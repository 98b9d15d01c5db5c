import type { Name } from '../dns/name.ts';

/**
 * What following delegations may cost one resolution, everything that it leads to included.
 *
 * - `query`: questions to authoritative servers.
 * - `cut`: zones entered.
 * - `lookup`: names of servers looked up. Few, because whoever writes a delegation with many names makes us ask for
 *   all of them: the attack of "NXNSAttack: Recursive DNS Inefficiencies and Vulnerabilities" (USENIX Security 2020).
 */
const limits = { query: 16, cut: 8, lookup: 6 };

/** What is left of those, and of the time. One for each resolution; it is counted down. */
export class DelegationBudget {
  /** When it must be over, in milliseconds of the clock it was made with. */
  readonly endsAt: number;
  readonly #left = { ...limits };

  constructor(endsAt: number) {
    this.endsAt = endsAt;
  }

  /** Takes one; false when there is none left. */
  take(what: keyof typeof limits): boolean {
    if (this.#left[what] === 0) return false;
    this.#left[what] -= 1;
    return true;
  }
}

/** How a resolution came to where it is, as far as delegations are concerned. */
export interface DelegationTrail {
  readonly budget: DelegationBudget;
  /** The zones whose servers are being looked for on the way here: to need one of them again is a circle. */
  readonly cuts: readonly Name[];
}
