import type { Name } from '../dns/name.ts';

/** A set of domains, each including all names below it. */
export class DomainSet {
  readonly #keys: ReadonlySet<string>;

  constructor(domains: readonly Name[]) {
    this.#keys = new Set(domains.map(({ key }) => key));
  }

  /** Whether `name` is one of the domains or below one: at most one lookup for each label. */
  covers(name: Name): boolean {
    if (this.#keys.size === 0) return false;
    for (let count = name.labels.length; count >= 0; count--) {
      if (this.#keys.has(name.ancestor(count).key)) return true;
    }
    return false;
  }
}
